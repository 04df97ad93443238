import test from 'ava';
import { rangeOf, select, type Asked, type Selection } from '../../../functions/data-get/select.ts';
import { PreconditionFailed, RangeNotSatisfiable } from '../../../functions/lib/errors.ts';

const [tag, size] = ['"3-ab"', 100];
const range = 'bytes=10-19';
const part = { first: 10, last: 19 };

const cases: Record<string, [Asked, Selection | 'refused']> = {
  'without a condition': [{}, 'whole'],
  'that is the one meant': [{ ifMatch: tag }, 'whole'],
  'that is one of those meant': [{ ifMatch: `"1-00", ${tag}` }, 'whole'],
  'that is any': [{ ifMatch: '*' }, 'whole'],
  'that is none of those meant': [{ ifMatch: '"1-00"' }, 'refused'],
  'that the caller has': [{ ifNoneMatch: tag }, 'unchanged'],
  'that the caller has, by a weak tag': [{ ifNoneMatch: `W/${tag}` }, 'unchanged'],
  'of which the caller has any': [{ ifNoneMatch: '*' }, 'unchanged'],
  'that is new to the caller': [{ ifNoneMatch: '"2-00"' }, 'whole'],
  'that is meant, and the caller has it': [{ ifMatch: '*', ifNoneMatch: tag }, 'unchanged'],
  'that is not meant, though the caller has it': [
    { ifMatch: '"1-00"', ifNoneMatch: tag },
    'refused',
  ],
  'of which a part is wanted': [{ range }, part],
  'of which a part is wanted that is meant': [{ range, ifMatch: tag }, part],
  'of which a part is wanted that is not meant': [{ range, ifMatch: '"1-00"' }, 'refused'],
  'of which a part is wanted and the caller has it': [{ range, ifNoneMatch: tag }, 'unchanged'],
  'of which the caller has another part': [{ range, ifRange: tag }, part],
  'of which the caller has no other part': [{ range, ifRange: '"1-00"' }, 'whole'],
  'that the caller knows by a weak tag': [{ range, ifRange: `W/${tag}` }, 'whole'],
  'that the caller knows by a date': [{ range, ifRange: 'Sat, 28 Nov 2026 12:00:00 GMT' }, 'whole'],
  'that is another, though the range is none': [
    { range: 'bytes=900-', ifRange: '"1-00"' },
    'whole',
  ],
};
for (const [name, [asked, expected]] of Object.entries(cases)) {
  test(`a version ${name}: ${JSON.stringify(expected)}`, (t) => {
    if (expected === 'refused') {
      t.throws(() => select(asked, { tag, size }), { instanceOf: PreconditionFailed });
    } else {
      t.deepEqual(select(asked, { tag, size }), expected);
    }
  });
}

/** Of how many bytes; undefined: as if it were not there; none: there is no byte of it. */
const ranges: [text: string, size: number, gives: [number, number] | undefined | 'none'][] = [
  ['bytes=0-0', 100, [0, 0]],
  ['bytes=0-99', 100, [0, 99]],
  ['bytes=0-100', 100, [0, 99]],
  ['bytes=99-', 100, [99, 99]],
  ['bytes=10-', 100, [10, 99]],
  ['bytes=-1', 100, [99, 99]],
  ['bytes=-100', 100, [0, 99]],
  ['bytes=-999', 100, [0, 99]],
  ['Bytes=5-6', 100, [5, 6]],
  [' bytes=5-6 ', 100, [5, 6]],
  ['bytes=000005-6', 100, [5, 6]],
  [`bytes=5-${'9'.repeat(400)}`, 100, [5, 99]],
  [`bytes=-${'9'.repeat(400)}`, 100, [0, 99]],
  ['bytes=100-', 100, 'none'],
  ['bytes=100-200', 100, 'none'],
  [`bytes=${'9'.repeat(400)}-`, 100, 'none'],
  ['bytes=-0', 100, 'none'],
  ['bytes=0-', 0, 'none'],
  ['bytes=-5', 0, 'none'],
  ['bytes=6-5', 100, undefined],
  ['bytes=-', 100, undefined],
  ['bytes=', 100, undefined],
  ['bytes', 100, undefined],
  ['', 100, undefined],
  ['bytes=0-1,5-6', 100, undefined],
  ['bytes=a-b', 100, undefined],
  ['bytes=-1-2', 100, undefined],
  ['bytes=1.5-2', 100, undefined],
  ['lines=1-2', 100, undefined],
];
for (const [text, of, gives] of ranges) {
  test(`«${text.slice(0, 20)}» of ${text.length} characters, of ${of} bytes: ${String(gives)}`, (t) => {
    if (gives === 'none') {
      const error = t.throws(() => rangeOf(text, of), { instanceOf: RangeNotSatisfiable });
      t.is(error.members.size, of);
    } else {
      t.deepEqual(rangeOf(text, of), gives && { first: gives[0], last: gives[1] });
    }
  });
}
