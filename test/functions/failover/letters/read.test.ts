import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { readLetter } from '../../../../functions/failover/letters/read.ts';
import { readMessage, type Envelope } from '../../../../functions/lib/function/envelope.ts';

const came: Envelope = {
  specversion: '1.0',
  type: 'dev.selvedge.data.stored.v1',
  source: '/selvedge/data-put',
  id: '7',
  subject: 'supply/a',
  datacontenttype: 'application/json',
  wakes: 'data-put',
  knativebrokerttl: '255',
  knativeerrordest: 'http://listener.workloads.svc/',
  knativeerrorcode: '400',
  knativeerrordata: Buffer.from('no, thanks').toString('base64'),
};
const body = (...chunks: (string | Buffer)[]): Readable =>
  Readable.from(chunks.map((chunk) => Buffer.from(chunk)));

test('the event is kept as it was sent, and beside it why it died', async (t) => {
  const letter = await readLetter(came, body('{"a":', '1}'));
  t.deepEqual(letter, {
    event: {
      specversion: '1.0',
      type: 'dev.selvedge.data.stored.v1',
      source: '/selvedge/data-put',
      id: '7',
      subject: 'supply/a',
      datacontenttype: 'application/json',
      wakes: 'data-put',
      data: { a: 1 },
    },
    subscriber: 'http://listener.workloads.svc/',
    code: '400',
    answer: 'no, thanks',
  });
});

test('of a subscriber that did not answer the event is known, and no more', async (t) => {
  const unmarked = Object.entries(came).filter(([name]) => !name.startsWith('knativeerror'));
  const letter = await readLetter(Object.fromEntries(unmarked) as Envelope, body('{"a":1}'));
  t.deepEqual(Object.keys(letter), ['event']);
});

test('data of more than 64 KiB is left out, and that is said', async (t) => {
  const chunk = Buffer.alloc(33 * 1024, 'x');
  const { event, dataLeftOut } = await readLetter(came, body(chunk, chunk));
  t.is(dataLeftOut, 66 * 1024);
  t.false('data' in event || 'data_base64' in event);
  const whole = await readLetter(came, body(Buffer.alloc(64 * 1024, 'x')));
  t.is(whole.dataLeftOut, undefined);
  t.true('data_base64' in whole.event);
});

test('a long answer is cut', async (t) => {
  const knativeerrordata = Buffer.alloc(3000, 'n').toString('base64');
  const { answer } = await readLetter({ ...came, knativeerrordata }, body());
  t.is(answer?.length, 1024);
});

for (const [what, datacontenttype, data] of [
  ['JSON', 'application/json', '{"a":[1,"é"]}'],
  ['JSON that is only a string', 'application/json', '"hi"'],
  ['JSON with spaces', 'application/json', '{ "a": 1 }'],
  ['JSON with a number too long for JavaScript', 'application/json', '{"a":12345678901234567890}'],
  ['what is no JSON though it is said to be', 'application/json', 'no'],
  ['text', 'text/plain', 'hello'],
  ['text that looks like JSON', 'text/plain', '{"a":1}'],
  ['bytes', 'application/octet-stream', Buffer.from([0xff, 0, 0x80])],
  ['bytes of no stated type', undefined, Buffer.from([0xff])],
  ['nothing', undefined, ''],
] as const) {
  test(`${what} comes back with every byte`, async (t) => {
    const { event } = await readLetter({ ...came, datacontenttype }, body(Buffer.from(data)));
    const headers = { 'content-type': 'application/cloudevents+json' };
    const again = await readMessage(headers, body(JSON.stringify(event)));
    t.is(again.envelope.datacontenttype, datacontenttype);
    t.is(await text(again.body), Buffer.from(data).toString());
  });
}
