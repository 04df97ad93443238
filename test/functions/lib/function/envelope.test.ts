import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { z } from 'zod';
import { readJson, readMessage } from '../../../../functions/lib/function/envelope.ts';
import { BadRequest, TooLarge } from '../../../../functions/lib/errors.ts';

const attributes = {
  'ce-specversion': '1.0',
  'ce-type': 'dev.selvedge.data.put.v1',
  'ce-source': '/test',
  'ce-id': '1',
};
const bytes = (value: string): Readable => Readable.from([Buffer.from(value)]);

test('a binary-mode event keeps its data as a stream and its extensions as attributes', async (t) => {
  const headers = {
    ...attributes,
    'ce-key': 'caf%C3%A9%20au%20lait',
    'content-type': 'text/plain',
  };
  const { envelope, body } = await readMessage(headers, bytes('hello'));
  t.is(envelope['key'], 'café au lait');
  t.is(envelope.datacontenttype, 'text/plain');
  t.is(await text(body), 'hello');
});

for (const missing of ['specversion', 'type', 'source', 'id']) {
  test(`an event without ${missing} is refused, and the answer names it`, async (t) => {
    const headers = Object.fromEntries(
      Object.entries(attributes).filter(([name]) => name !== `ce-${missing}`),
    );
    const error = await t.throwsAsync(readMessage(headers, bytes('')), { instanceOf: BadRequest });
    t.regex(error.message, new RegExp(missing));
    t.like(error.members, { errors: [{ path: missing }] });
  });
}

test('every fault of an event is listed at once', async (t) => {
  const error = await t.throwsAsync(readMessage({ 'ce-specversion': '0.3' }, bytes('')), {
    instanceOf: BadRequest,
  });
  t.deepEqual(
    (error.members['errors'] as { path: string }[]).map(({ path }) => path),
    ['specversion', 'type', 'source', 'id'],
  );
});

test('a header that is not percent-encoded UTF-8 is refused by name', async (t) => {
  const error = await t.throwsAsync(readMessage({ ...attributes, 'ce-key': '%E9' }, bytes('')), {
    instanceOf: BadRequest,
  });
  t.regex(error.message, /ce-key/);
});

for (const [what, data, expected] of [
  ['JSON data', { data: { a: 1 } }, '{"a":1}'],
  ['base64 data', { data_base64: Buffer.from('raw').toString('base64') }, 'raw'],
  ['no data', {}, ''],
] as const) {
  test(`a structured-mode event with ${what} gives the same bytes`, async (t) => {
    const event = { specversion: '1.0', type: 't', source: '/s', id: '1', ...data };
    const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' };
    const { envelope, body } = await readMessage(headers, bytes(JSON.stringify(event)));
    t.is(envelope.id, '1');
    t.is(await text(body), expected);
  });
}

test('a string of structured mode is itself, but where it is said to be JSON', async (t) => {
  for (const [datacontenttype, expected] of [
    ['text/plain', 'hi'],
    ['application/ld+json; charset=utf-8', '"hi"'],
    [undefined, '"hi"'],
  ] as const) {
    const event = { specversion: '1.0', type: 't', source: '/s', id: '1', datacontenttype };
    const headers = { 'content-type': 'Application/CloudEvents+JSON' };
    const sent = bytes(JSON.stringify({ ...event, data: 'hi' }));
    t.is(await text((await readMessage(headers, sent)).body), expected);
  }
});

test('a batch is refused', async (t) => {
  await t.throwsAsync(
    readMessage({ 'content-type': 'application/cloudevents-batch+json' }, bytes('[]')),
    { instanceOf: BadRequest },
  );
});

test('JSON data over the limit, malformed or of another shape is refused', async (t) => {
  const schema = z.object({ a: z.number() });
  t.deepEqual(await readJson(bytes('{"a":1}'), schema), { a: 1 });
  await t.throwsAsync(readJson(bytes('{"a":1}'), schema, 3), { instanceOf: TooLarge });
  await t.throwsAsync(readJson(bytes('{'), schema), { instanceOf: BadRequest });
  await t.throwsAsync(readJson(bytes('{"a":"x"}'), schema), {
    instanceOf: BadRequest,
    message: /a: /,
  });
});

test('what is no JSON is not quoted, neither to the caller nor to the log', async (t) => {
  const error = await t.throwsAsync(readJson(bytes('secret'), z.unknown()));
  t.notRegex(`${error.message} ${String(error.cause)}`, /secret/);
});
