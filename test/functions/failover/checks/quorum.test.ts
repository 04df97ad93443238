import test from 'ava';
import type { Node, Volume } from '../../../../functions/failover/checks/check.ts';
import { isShutOut, neededToShut } from '../../../../functions/failover/checks/quorum.ts';
import { node, volume } from './nodes.ts';

const third = '10.0.0.3';
const twoAddresses = node(3, { addresses: [third, '10.0.1.3'] });

const table: Record<string, [Node, Volume | undefined, boolean]> = {
  'two of three servers that refuse it are enough': [node(3), volume([third], [third]), true],
  'one is not: with the third they are a majority': [node(3), volume([third], []), false],
  'the server on the node itself is not counted on': [node(3), volume([third], [], [third]), false],
  'a server that is silent refuses nobody': [node(3), volume([third], null), false],
  'others that are kept out do not matter': [node(3), volume(['10.0.0.9'], [third]), false],
  'of two addresses both must be refused': [twoAddresses, volume([third], [third]), false],
  'of none nobody can tell': [node(3, { addresses: [] }), volume([third], [third]), false],
  'without a volume there is nothing to be kept out of': [node(3), undefined, true],
};

for (const [title, [lost, seen, isOut]] of Object.entries(table)) {
  test(title, (t) => t.is(isShutOut(lost, seen), isOut));
}

test('as many must refuse as leave the others without a majority', (t) => {
  t.deepEqual([1, 2, 3, 4, 5].map(neededToShut), [1, 2, 2, 3, 3]);
});
