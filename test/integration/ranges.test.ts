/** Ranges of records and objects over real stores. */
import { randomBytes, randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { sealedStart } from '../../functions/lib/data/cipher.ts';
import type { Receipt } from '../../functions/lib/events.ts';
import { startFunctions, type Functions } from './callable.ts';
import { replace, stored } from './intruder.ts';

const test = anyTest as TestFn<Functions>;
test.before(async (t) => {
  t.context = await startFunctions();
});
test.after.always((t) => t.context.stop());

const frame = 65_536;
const fresh = (): string => `ranges/${randomUUID()}`;
const kinds = {
  'a record': { body: randomBytes(150_000), tier: 'record' },
  'a short object': { body: randomBytes(150_000), tier: 'object' },
  'a large object': { body: randomBytes(6_000_000), tier: 'object' },
} as const;

for (const [name, { body, tier }] of Object.entries(kinds)) {
  test.serial(`any range of ${name} is what it is of the whole`, async (t) => {
    const { send } = t.context;
    const key = fresh();
    await send({ to: 'put', attributes: { key, tier }, body, contentType: 'video/mp4' });
    const size = body.length;
    const ranges: Record<string, [first: number, last: number]> = {
      'bytes=0-0': [0, 0],
      'bytes=0-99': [0, 99],
      [`bytes=${frame - 1}-${frame}`]: [frame - 1, frame],
      [`bytes=${frame}-${2 * frame - 1}`]: [frame, 2 * frame - 1],
      [`bytes=${frame + 5}-${2 * frame + 5}`]: [frame + 5, 2 * frame + 5],
      'bytes=-1': [size - 1, size - 1],
      [`bytes=-${frame}`]: [size - frame, size - 1],
      'bytes=100-': [100, size - 1],
      'bytes=0-': [0, size - 1],
      [`bytes=-${size + 1}`]: [0, size - 1],
    };
    for (const [range, [first, last]] of Object.entries(ranges)) {
      const answer = await send({ to: 'get', attributes: { key, range } });
      t.is(answer.status, 206, range);
      t.like(Object.fromEntries(answer.headers), {
        'content-range': `bytes ${first}-${last}/${size}`,
        'content-length': String(last - first + 1),
        'accept-ranges': 'bytes',
        'content-type': 'video/mp4',
        'selvedge-version': '1',
      });
      const given = Buffer.from(await answer.arrayBuffer());
      t.true(given.equals(body.subarray(first, last + 1)), range);
    }
    const beyond = await send({ to: 'get', attributes: { key, range: `bytes=${size}-` } });
    t.is(beyond.status, 416);
    t.like(await beyond.json(), {
      ...{ type: 'https://selvedge.dev/problems/range-not-satisfiable', size },
    });
    const several = await send({ to: 'get', attributes: { key, range: 'bytes=0-1,5-6' } });
    t.is(several.status, 200);
    t.is((await several.arrayBuffer()).byteLength, size);
  });
}

test.serial('who goes on with a range goes on with the version that it began with', async (t) => {
  const { send } = t.context;
  const key = fresh();
  const put = (body: string) => send({ to: 'put', attributes: { key }, body });
  await put('one');
  const begun = await send({ to: 'get', attributes: { key, range: 'bytes=0-0' } });
  const ifrange = begun.headers.get('etag')!;
  await put('second');
  const changed = await send({ to: 'get', attributes: { key, ifrange, range: 'bytes=1-' } });
  t.is(changed.status, 200);
  t.is(await changed.text(), 'second');
  const same = { key, ifrange, range: 'bytes=1-', dataversion: '1' };
  const rest = await send({ to: 'get', attributes: same });
  t.is(rest.status, 206);
  t.is(await rest.text(), 'ne');
});

test.serial(
  'a frame that was changed is in no range, and the audit hears of it; others are',
  async (t) => {
    const { send, world } = t.context;
    const key = fresh();
    const body = randomBytes(6_000_000);
    const put = await send({ to: 'put', attributes: { key, tier: 'object' }, body });
    const { index } = (await put.json()) as Receipt;
    const bytes = Buffer.from(await stored(world, index));
    bytes[sealedStart(50) + 3]! ^= 1;
    await replace(world, index, bytes);
    const at = (position: number) => ({ key, range: `bytes=${position}-${position + 9}` });
    const broken = await send({ to: 'get', attributes: at(50 * frame) });
    t.is(broken.status, 500);
    t.like(await broken.json(), { type: 'https://selvedge.dev/problems/integrity' });
    t.true(world.audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
    const whole = await send({ to: 'get', attributes: at(30 * frame) });
    t.true(
      Buffer.from(await whole.arrayBuffer()).equals(body.subarray(30 * frame, 30 * frame + 10)),
    );
  },
);
