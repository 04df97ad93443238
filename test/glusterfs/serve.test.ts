import test from 'ava';

import type { State } from '../../glusterfs/keeper/decide.ts';
import { Health } from '../../glusterfs/keeper/serve.ts';

const served: State = {
  me: 'a',
  servers: ['a'],
  peers: [],
  others: [],
  volume: { started: true, options: {} },
  bricks: [{ host: 'a', online: true, pid: 7 }],
  heal: [],
  brickBelongs: true,
  brickIsFound: true,
  brickIsUsed: false,
  brickOwes: 0,
  unchangedFor: 0,
};

const isReady = (state: State): boolean => {
  const health = new Health();
  health.unchangedFor(state);
  health.saw(state);
  return health.ready;
};

test('a server is ready when its brick serves, belongs to the volume, and is found by clients', (t) => {
  t.true(isReady(served));
  t.false(isReady({ ...served, bricks: [{ host: 'a', online: false, pid: -1 }] }));
  t.false(isReady({ ...served, brickBelongs: false }));
  t.false(isReady({ ...served, brickIsFound: false }));
});
