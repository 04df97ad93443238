import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Unavailable } from '../../../../functions/lib/errors.ts';
import { resultEvent, type Receipt } from '../../../../functions/lib/events.ts';
import { BrokerRefusal, connectBroker } from '../../../../functions/lib/function/broker.ts';
import { readMessage } from '../../../../functions/lib/function/envelope.ts';
import { Readable } from 'node:stream';

/** A Broker that answers so, and the headers that it saw. */
async function startBroker(t: ExecutionContext, status: number) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    request.resume();
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const receipt: Receipt = {
  ...{ network: 'supply', key: 'snow☃man "ü" 5%', version: 1, tier: 'record', index: 'etcd://a' },
  ...{ digest: `sha256:${'0'.repeat(64)}`, size: 1, owner: 'a', transactionId: 't', block: 1 },
  createdAt: '2026-01-01T00:00:00.000Z',
};
const event = resultEvent(
  'dev.selvedge.data.stored.v1',
  '/test',
  `supply/${receipt.key}`,
  receipt,
  '1',
);

test('attributes beyond Latin-1 reach the Broker percent-encoded, and are read as they were', async (t) => {
  const { seen, url } = await startBroker(t, 202);
  await connectBroker(url).send(event);
  t.is(seen[0]!['ce-subject'], 'supply/snow%E2%98%83man%20%22%C3%BC%22%205%25');
  const { envelope } = await readMessage(seen[0]!, Readable.from([]));
  t.is(envelope.subject, event.subject);
});

for (const [status, isRefusal] of [
  [400, true],
  [413, true],
  [404, false],
  [429, false],
  [503, false],
] as const) {
  test(`${status} is said of ${isRefusal ? 'the event' : 'the Broker'}`, async (t) => {
    const { url } = await startBroker(t, status);
    const error = await t.throwsAsync(connectBroker(url).send(event), { instanceOf: Unavailable });
    t.is(error instanceof BrokerRefusal, isRefusal);
  });
}
