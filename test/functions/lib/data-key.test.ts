import test from 'ava';
import { z } from 'zod';
import { dataKey } from '../../../functions/lib/events.ts';

interface Described {
  pattern: string;
  minLength: number;
  maxLength: number;
}
const described = z.toJSONSchema(dataKey) as unknown as Described;
const pattern = new RegExp(described.pattern, 'u');

/** Whether who reads the description may send it: JSON Schema counts characters, and knows no halves of them. */
function isAllowed(key: string): boolean {
  const { length } = Array.from(key);
  return (
    key.isWellFormed() &&
    length >= described.minLength &&
    length <= described.maxLength &&
    pattern.test(key)
  );
}

const keys: [what: string, key: string, taken: boolean][] = [
  ['a path', 'readings/2026/ü', true],
  ['beyond Latin-1', 'snow☃man', true],
  ['beyond the first plane', '😀/𝄞', true],
  ['dots that are no path', '.a/..b/...', true],
  ['512 characters of two units', '😀'.repeat(512), true],
  ['513 characters', 'x'.repeat(513), false],
  ['nothing', '', false],
  ['an empty segment', 'a//b', false],
  ['a segment of one dot', 'a/.', false],
  ['a segment of two dots', '../a', false],
  ['a line break', 'a\nb', false],
  ['a mark of direction', 'a\u202eb', false],
  ['half a pair', 'a\ud800', false],
  ['what Fabric keeps for itself', 'a\u{10ffff}', false],
];
for (const [what, key, taken] of keys) {
  test(`a key with ${what} is ${taken ? 'taken' : 'refused'}, and the description says so`, (t) => {
    t.is(dataKey.safeParse(key).success, taken);
    t.is(isAllowed(key), taken);
  });
}

test('the description needs no classes of Unicode, and no halves of pairs: few engines know them', (t) => {
  t.notRegex(described.pattern, /\\p|\\ud[89a-f]/i);
});

test('whatever the description allows is taken, and nothing else', (t) => {
  const pieces = ['a', '.', '/', '☃', '😀', ' ', '%', '\u0000', '\u200b', '\ud800', '\u{10ffff}'];
  // Every key of up to four pieces.
  let all = [''];
  for (let length = 0; length < 4; length++) {
    all = [...new Set(all.flatMap((key) => [key, ...pieces.map((piece) => key + piece)]))];
  }
  const wrong = all.filter((key) => dataKey.safeParse(key).success !== isAllowed(key));
  t.deepEqual(wrong, []);
});
