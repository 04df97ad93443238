import test from 'ava';
import { surplus } from '../../../../functions/failover/letters/surplus.ts';

/** Letters by name, each with the second in which it came. */
const letters = (came: Record<string, number>) =>
  Object.entries(came).map(([name, second]) => {
    const creationTimestamp = new Date(second * 1000).toISOString();
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, creationTimestamp } };
  });

const table: Record<string, { came: Record<string, number>; most: number; go: string[] }> = {
  'where there are none, none goes': { came: {}, most: 2, go: [] },
  'as many as may stay, stay': { came: { a: 1, b: 2 }, most: 2, go: [] },
  'of one too many the oldest goes': { came: { a: 3, b: 1, c: 2 }, most: 2, go: ['b'] },
  'of more the older ones go, oldest first': {
    came: { a: 4, b: 3, c: 2, d: 1 },
    most: 1,
    go: ['d', 'c', 'b'],
  },
  'of those that came in one second the name decides': {
    came: { b: 1, a: 1, c: 1 },
    most: 2,
    go: ['a'],
  },
};

for (const [title, { came, most, go }] of Object.entries(table)) {
  test(title, (t) => {
    const gone = surplus(letters(came), most).map(({ metadata }) => metadata.name);
    t.deepEqual(gone, go);
  });
}
