import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import test from 'ava';
import { parts } from '../../../../functions/lib/data/pieces.ts';
import { randomFrom } from '../../../../scripts/chaos/random.ts';

async function sizes(chunks: Buffer[], size: number): Promise<number[]> {
  const found: Buffer[] = [];
  for await (const part of parts(Readable.from(chunks), size)) found.push(part);
  if (!Buffer.concat(found).equals(Buffer.concat(chunks))) throw new Error('bytes were changed');
  return found.map(({ length }) => length);
}

const table: Record<string, [number[], number[]]> = {
  'nothing has no parts': [[], []],
  'less than a part': [[3], [3]],
  'exactly a part': [[10], [10]],
  'a byte more': [[11], [10, 1]],
  'many small chunks': [
    [4, 4, 4, 4, 4],
    [10, 10],
  ],
  'one large chunk': [[35], [10, 10, 10, 5]],
  'chunks that straddle parts': [
    [9, 9, 9],
    [10, 10, 7],
  ],
};

for (const [name, [chunks, expected]] of Object.entries(table)) {
  test(name, async (t) => {
    t.deepEqual(
      await sizes(
        chunks.map((length) => randomBytes(length)),
        10,
      ),
      expected,
    );
  });
}

test('however the chunks were cut, the parts are the same', async (t) => {
  const random = randomFrom(1);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  for (let i = 0; i < 300; i++) {
    const chunks = Array.from({ length: upTo(20) }, () => randomBytes(upTo(40)));
    const [size, total] = [1 + upTo(30), Buffer.concat(chunks).length];
    const [whole, rest] = [Math.floor(total / size), total % size];
    const expected = [...Array.from({ length: whole }, () => size), ...(rest > 0 ? [rest] : [])];
    t.deepEqual(await sizes(chunks, size), expected);
  }
});

test('the failure of the source is thrown', async (t) => {
  const source = new Readable({
    read() {
      this.destroy(new Error('broken'));
    },
  });
  await t.throwsAsync(parts(source, 10).next(), { message: 'broken' });
});
