import test from 'ava';
import { type ChannelView, lackOf } from '../../../functions/provisioning/agreement.ts';

const view = (orderers: (number | undefined)[], peers: (number | undefined)[]): ChannelView => ({
  channel: 'goods',
  orderers: orderers.map((height, index) => ({ name: `orderer-${index}`, height })),
  peers: peers.map((height, index) => ({ name: `peer-${index}`, height })),
});

const table: [sentence: string, view: ChannelView, needed: number, lack: string[]][] = [
  ['all agree', view([9, 9, 9], [9, 9]), 2, []],
  ['a majority follows a leader', view([9, undefined, 9], [9]), 2, []],
  [
    'a majority is not all',
    view([9, undefined, 9], [9]),
    3,
    ['a leader of goods (2 of 3 orderers follow one)'],
  ],
  [
    'nobody follows a leader',
    view([undefined, undefined], [9]),
    2,
    ['a leader of goods (0 of 2 orderers follow one)'],
  ],
  [
    'no orderer can be reached',
    view([], [9]),
    2,
    ['a leader of goods (0 of 0 orderers follow one)'],
  ],
  ['a peer is some blocks behind', view([200, 200, 200], [200, 101]), 2, []],
  [
    'a peer is far behind',
    view([200, 200, 200], [200, 99]),
    2,
    ['peer-1 to catch up with goods (99 of 200)'],
  ],
  [
    'an orderer is far behind',
    view([200, 200, 1], [200]),
    2,
    ['orderer-2 to catch up with goods (1 of 200)'],
  ],
  ['a peer says nothing', view([9, 9, 9], [9, undefined]), 2, ['peer-1 to answer for goods']],
];
for (const [sentence, seen, needed, lack] of table) {
  test(`${sentence}: ${lack.join(', ') || 'nothing is missing'}`, (t) => {
    t.deepEqual(lackOf(seen, needed), lack);
  });
}
