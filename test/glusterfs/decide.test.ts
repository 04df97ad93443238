import test from 'ava';

import { decide, type State, type Step } from '../../glusterfs/keeper/decide.ts';
import { options } from '../../glusterfs/keeper/options.ts';

const servers = ['a', 'b', 'c'];
const peer = (host: string, more: object = {}) => ({
  host,
  connected: true,
  befriended: true,
  ...more,
});
const brick = (host: string, online = true) => ({ host, online, pid: online ? 7 : -1 });

/** The first server, with nothing left to do. */
const whole: State = {
  me: 'a',
  servers,
  peers: [peer('b'), peer('c')],
  others: [],
  volume: { started: true, options },
  bricks: servers.map((host) => brick(host)),
  heal: [],
  brickBelongs: true,
  brickIsFound: true,
  brickIsUsed: false,
  brickOwes: 0,
  unchangedFor: 60,
};
const fresh: State = { ...whole, peers: [], volume: undefined, bricks: [], brickBelongs: false };
const alone = (host: string) => ({ host, knows: [] });
const silent = (host: string) => ({ host, knows: undefined });
const away = peer('c', { connected: false });
const unfound: State = { ...whole, brickIsFound: false };
const behind = [{ host: 'c', pending: 2, splitBrain: 0 }];

const table: Record<string, [State, Step]> = {
  'a whole volume is left alone': [whole, { do: 'nothing' }],
  'the first server makes the pool when all are there': [
    { ...fresh, others: [alone('b'), alone('c')] },
    { do: 'probe', host: 'b' },
  ],
  'it goes on with a pool half made': [
    { ...fresh, peers: [peer('b')], others: [{ host: 'b', knows: ['a'] }, alone('c')] },
    { do: 'probe', host: 'c' },
  ],
  'it makes none while one does not answer, which may know of a pool': [
    { ...fresh, others: [alone('b'), silent('c')] },
    { do: 'wait', for: 'c to answer' },
  ],
  'another server makes none': [
    { ...fresh, me: 'b', others: [alone('a'), alone('c')] },
    { do: 'wait', for: 'a to make the pool' },
  ],
  'a server without its disk comes back to those that know it': [
    { ...fresh, me: 'b', others: [silent('a'), { host: 'c', knows: ['a', 'b'] }] },
    { do: 'probe', host: 'c' },
  ],
  'so does the first': [
    { ...fresh, others: [{ host: 'b', knows: ['a', 'c'] }, silent('c')] },
    { do: 'probe', host: 'b' },
  ],
  'one that came back and was told nothing starts its daemon again': [
    { ...whole, volume: undefined, peers: [peer('b', { befriended: false }), peer('c')] },
    { do: 'restart-glusterd' },
  ],
  'also while it has not been told of all servers': [
    {
      ...fresh,
      peers: [peer('b', { befriended: false })],
      others: [
        { host: 'b', knows: ['a', 'c'] },
        { host: 'c', knows: ['a', 'b'] },
      ],
    },
    { do: 'restart-glusterd' },
  ],
  'but not at once': [
    {
      ...whole,
      volume: undefined,
      peers: [peer('b', { befriended: false }), peer('c')],
      unchangedFor: 1,
    },
    { do: 'wait', for: 'b to agree' },
  ],
  'the first server makes the volume': [
    { ...whole, volume: undefined, bricks: [] },
    { do: 'create-volume' },
  ],
  'it makes none without all servers': [
    { ...whole, volume: undefined, bricks: [], peers: [peer('b'), away] },
    { do: 'wait', for: 'all servers' },
  ],
  'the others wait for it': [
    { ...whole, me: 'b', peers: [peer('a'), peer('c')], volume: undefined, bricks: [] },
    { do: 'wait', for: 'the volume' },
  ],
  'a volume is started': [
    { ...whole, volume: { started: false, options: {} } },
    { do: 'start-volume' },
  ],
  'an option that differs is set, and no other': [
    { ...whole, volume: { started: true, options: { ...options, 'network.ping-timeout': '42' } } },
    { do: 'set-options', options: { 'network.ping-timeout': '5' } },
  ],
  'where the first is away the next speaks for all': [
    {
      ...whole,
      me: 'b',
      peers: [peer('a', { connected: false }), peer('c')],
      volume: { started: false, options },
    },
    { do: 'start-volume' },
  ],
  'a server that sees no other changes nothing': [
    { ...whole, peers: [peer('b', { connected: false }), away], bricks: [] },
    { do: 'wait', for: 'a majority of servers' },
  ],
  'a brick that ended is started': [
    { ...whole, bricks: [brick('a', false), brick('b'), brick('c')] },
    { do: 'start-brick' },
  ],
  'a brick on a new disk is made anew': [
    { ...whole, bricks: [brick('a', false), brick('b'), brick('c')], brickBelongs: false },
    { do: 'reset-brick' },
  ],
  'a brick that serves, and was not made anew to the end, is made anew again': [
    { ...whole, brickBelongs: false },
    { do: 'reset-brick' },
  ],
  'while others hold the volume nothing is known of its bricks': [
    { ...whole, bricks: [] },
    { do: 'wait', for: 'the volume to be free' },
  ],
  'a brick is given the time to start': [
    { ...whole, bricks: [brick('a', false), brick('b'), brick('c')], unchangedFor: 2 },
    { do: 'wait', for: 'the brick' },
  ],
  'a brick that runs, and that clients do not find, is started anew': [
    unfound,
    { do: 'restart-brick', pid: 7 },
  ],
  'a brick is given the time to be found': [
    { ...unfound, unchangedFor: 2 },
    { do: 'wait', for: 'the brick to be found' },
  ],
  'also where a client is linked to it, while the others have all that it has': [
    { ...unfound, brickIsUsed: true },
    { do: 'restart-brick', pid: 7 },
  ],
  'not while a client is linked to it and another is away': [
    { ...unfound, brickIsUsed: true, bricks: [brick('a'), brick('b'), brick('c', false)] },
    { do: 'wait', for: 'the other bricks' },
  ],
  'nor while a client is linked to it and it has what others lack': [
    { ...unfound, brickIsUsed: true, brickOwes: 1 },
    { do: 'wait', for: 'the other bricks' },
  ],
  'where nobody is linked to it nothing is lost by that': [
    { ...unfound, brickOwes: 1, bricks: [brick('a'), brick('b'), brick('c', false)] },
    { do: 'restart-brick', pid: 7 },
  ],
  'a brick of another server is its own business': [
    { ...whole, bricks: [brick('a'), brick('b'), brick('c', false)] },
    { do: 'nothing' },
  ],
  'what is behind is healed': [{ ...whole, heal: behind }, { do: 'heal' }],
  'by one server': [
    { ...whole, me: 'b', peers: [peer('a'), peer('c')], heal: behind },
    { do: 'nothing' },
  ],
};

for (const [title, [state, step]] of Object.entries(table)) {
  test(title, (t) => t.deepEqual(decide(state), step));
}
