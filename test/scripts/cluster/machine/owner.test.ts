import test from 'ava';

import { inTheWay, type Ownership } from '../../../../scripts/cluster/machine/owner.ts';

const cases: [string, Ownership, boolean][] = [
  ['nobody', { owner: undefined, ownerExists: false, alive: false }, false],
  ['this checkout', { owner: '/here', ownerExists: true, alive: true }, false],
  ['another checkout, running', { owner: '/there', ownerExists: true, alive: true }, true],
  ['another checkout, dead', { owner: '/there', ownerExists: true, alive: false }, false],
  ['a checkout that is gone', { owner: '/there', ownerExists: false, alive: true }, false],
];

for (const [name, ownership, blocks] of cases) {
  test(`a cluster of ${name} is ${blocks ? '' : 'not '}in the way`, (t) => {
    const said = inTheWay(ownership, '/here');
    t.is(said !== undefined, blocks);
    if (blocks) t.regex(said ?? '', /The cluster of \/there runs .*npm stop/);
  });
}
