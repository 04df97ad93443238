import test from 'ava';
import { matches, matchesNone, versionTag } from '../../../functions/lib/conditions.ts';

const hex = 'ab'.repeat(32);
const current = versionTag({ version: 3, digest: `sha256:${hex}` });

test('an entity tag is of a version, and of its ciphertext', (t) => {
  t.is(current, `"3-${hex}"`);
});

/** Whether `If-Match` holds, and whether `If-None-Match` does, where the current one is there. */
const lists: Record<string, [match: boolean, noneMatch: boolean]> = {
  '*': [true, false],
  ' * ': [true, false],
  [current]: [true, false],
  [`"1-00", ${current}`]: [true, false],
  [`"1-00",${current},"x"`]: [true, false],
  [`W/${current}`]: [false, false],
  '"1-00"': [false, true],
  [`"2-${hex}"`]: [false, true],
  [current.replaceAll('"', '')]: [false, true],
  '"*"': [false, true],
  '': [false, true],
  ',': [false, true],
};
for (const [list, [match, noneMatch]] of Object.entries(lists)) {
  test(`${JSON.stringify(list)}: ${match ? 'a match' : 'no match'}, ${noneMatch ? 'none' : 'one'} by weak comparison`, (t) => {
    t.is(matches(list, current), match);
    t.is(matchesNone(list, current), noneMatch);
  });
  test(`${JSON.stringify(list)} matches nothing where nothing is`, (t) => {
    t.false(matches(list, undefined));
    t.true(matchesNone(list, undefined));
  });
}
