import test from 'ava';
import { readLines } from '../../../functions/data-put/batch-lines.ts';
import { BadRequest, TooLarge, toProblem } from '../../../functions/lib/errors.ts';

const read = (text: string | Buffer) => readLines(Buffer.from(text));

/** A line of a batch, and the text of the record that it is. */
const good: Record<string, [line: string, record: string]> = {
  'an object': ['{"key":"a","value":{"celsius":21}}', '{"celsius":21}'],
  'a number that JavaScript cannot hold': [
    '{"key":"a","value":12345678901234567890.10}',
    '12345678901234567890.10',
  ],
  'spaces, kept within the record only': [
    ' { "key" : "a" , "value" : { "b" : [ 1 , 2 ] } } \r',
    '{ "b" : [ 1 , 2 ] }',
  ],
  'a value before its key': ['{"value":[{"value":1},"}"],"key":"a"}', '[{"value":1},"}"]'],
  'quotes and backslashes': [String.raw`{"value":"a\"},{\\","key":"a"}`, String.raw`"a\"},{\\"`],
  'a name that is written another way': [String.raw`{"\u0076alue":1,"key":"a"}`, '1'],
  'the last of two values': ['{"key":"a","value":1,"value":2}', '2'],
  null: ['{"key":"a","value":null}', 'null'],
  'an empty text': ['{"key":"a","value":""}', '""'],
  'what is not Latin-1': ['{"key":"a","value":"☃🧵"}', '"☃🧵"'],
  'a long text': [`{"key":"a","value":"${'x'.repeat(900_000)}"}`, `"${'x'.repeat(900_000)}"`],
};

for (const [what, [line, record]] of Object.entries(good)) {
  test(`a record is kept as it stands in its line: ${what}`, (t) => {
    const [first, ...others] = read(`${line}\n`);
    t.like(first, { line: 1, key: 'a' });
    t.true(first !== undefined && 'record' in first && first.record.toString() === record);
    t.deepEqual(others, []);
  });
}

test('lines are counted, those that are empty too, and the last needs no end', (t) => {
  const lines = read('\n{"key":"a","value":1}\r\n \t\r\n{"key":"b","value":2}');
  t.deepEqual(
    lines.map(({ line, key }) => [line, key]),
    [
      [2, 'a'],
      [4, 'b'],
    ],
  );
});

test('what a line must follow is as in a put of its own', (t) => {
  const [first, second] = read(
    '{"key":"a","value":1,"ifMatch":"\\"1-x\\""}\n{"key":"b","value":1,"ifNoneMatch":"*"}',
  );
  t.like(first, { conditions: { ifMatch: '"1-x"', ifNoneMatch: undefined } });
  t.like(second, { conditions: { ifMatch: undefined, ifNoneMatch: '*' } });
});

const fine = '{"key":"fine","value":1}';

/** Each is two characters in the line, and one in the text. */
const escapes = String.raw`\n`.repeat(500_000);

test('a record of nothing but escapes is read as any other', (t) => {
  const [first] = read(`{"key":"a","value":"${escapes}"}`);
  t.true(first !== undefined && 'record' in first && first.record.length === 1_000_002);
});

test('a line that is longer than any record and key is not looked into', (t) => {
  const [first, second] = read(`{"key":"a","value":"${escapes.repeat(7)}"}\n${fine}`);
  t.true(first !== undefined && 'fault' in first && first.fault instanceof TooLarge);
  t.like(second, { key: 'fine' });
});

test('of a key that comes very often not every line is told to each', (t) => {
  const lines = read(`${fine}\n`.repeat(1000));
  const told = lines.map((one) => ('fault' in one ? toProblem(one.fault)['lines'] : undefined));
  t.true(told.every((numbers) => Array.isArray(numbers) && numbers.length === 10));
});

const bad: Record<string, [line: string | Buffer, detail: RegExp]> = {
  'no JSON': ['{"key":"a","value":}', /is not JSON/],
  'half a line': ['{"key":"a","val', /is not JSON/],
  'two values': ['{"key":"a","value":1}{"key":"b","value":1}', /is not JSON/],
  'no UTF-8': [Buffer.from([0x22, 0xff, 0x22]), /is not UTF-8/],
  'a text': ['"a"', /expected object/],
  'a list': ['[1]', /expected object/],
  nothing: ['null', /expected object/],
  'no key': ['{"value":1}', /key: /],
  'an empty key': ['{"key":"","value":1}', /key: /],
  'a key that climbs': ['{"key":"a/../b","value":1}', /key: must be printable/],
  'a key with half a pair': [String.raw`{"key":"\ud800","value":1}`, /key: must be printable/],
  'no value': ['{"key":"a"}', /value: is missing/],
  'a member that there is not': ['{"key":"a","value":1,"vlaue":2}', /vlaue/],
  'a condition that is none': ['{"key":"a","value":1,"ifNoneMatch":"x"}', /ifNoneMatch/],
};

for (const [what, [line, detail]] of Object.entries(bad)) {
  test(`a line is bad by itself: ${what}`, (t) => {
    const [before, found, after] = readLines(
      Buffer.concat(
        [fine, '\n', line, '\n', fine.replace('fine', 'after')].map((one) => Buffer.from(one)),
      ),
    );
    t.like(before, { line: 1, key: 'fine' });
    t.like(after, { line: 3, key: 'after' });
    if (!found || !('fault' in found)) return t.fail('the line is taken');
    t.like(toProblem(found.fault), { type: 'https://selvedge.dev/problems/bad-request' });
    t.regex(found.fault.message, detail);
  });
}

test('of lines with one key none is taken, and each says which they are', (t) => {
  const items = read(
    ['a', 'b', 'a', 'c', 'a'].map((key) => `{"key":"${key}","value":1}`).join('\n'),
  );
  const refused = items.flatMap((one) => ('fault' in one ? [one] : []));
  t.deepEqual(
    refused.map(({ line, key }) => [line, key]),
    [
      [1, 'a'],
      [3, 'a'],
      [5, 'a'],
    ],
  );
  for (const { fault } of refused) t.like(toProblem(fault), { status: 422, lines: [1, 3, 5] });
});

const many = (count: number): string =>
  Array.from({ length: count }, (_, n) => `{"key":"${n}","value":${n}}\n`).join('');

test('a batch has 1 to 1000 lines, and one that is not empty', (t) => {
  t.is(read(many(1000)).length, 1000);
  t.throws(() => read(many(1001)), { instanceOf: TooLarge, message: /at most 1000 lines/ });
  t.throws(() => read('\n'.repeat(1001)), { instanceOf: TooLarge });
  for (const empty of ['', '\n', ' \r\n\n'])
    t.throws(() => read(empty), { instanceOf: BadRequest, message: /has no line/ });
});
