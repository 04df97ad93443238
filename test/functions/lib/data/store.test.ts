/** Which failures of a member of the object store `failover` hears of: that it is slow is none. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { openStore } from '../../../../functions/lib/data/store.ts';
import { Unavailable } from '../../../../functions/lib/errors.ts';

/** A member that answers so; gives its address. */
async function member(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function open(endpoints: string[]) {
  const told: string[] = [];
  const tell = ({ address }: { address: string }) => told.push(address);
  const credentials = { accessKey: 'selvedge', secretKey: 'secret' };
  return { told, store: openStore({ ...credentials, endpoints, tell, timeoutMs: 600 }) };
}
const remove = (store: ReturnType<typeof openStore>) =>
  store.ask((client) => client.removeObject('selvedge', 'a'));

const slow: Record<string, RequestListener> = {
  'holds a removal back while somebody reads': () => undefined,
  'says that it cannot now': (_request, response) => response.writeHead(503).end(),
  'says that it failed': (_request, response) =>
    response.writeHead(500).end('<Error><Code>InternalError</Code></Error>'),
};
for (const [what, listener] of Object.entries(slow)) {
  test(`a member that ${what} is there: another is asked, and nobody is told`, async (t) => {
    const [one, other] = [
      await member(t, listener),
      await member(t, (_request, response) => response.writeHead(204).end()),
    ];
    // Whose turn it is goes round: each is asked first once.
    const { store, told } = open([one, other]);
    for (let i = 0; i < 2; i++) await t.notThrowsAsync(remove(store));
    t.deepEqual(told, []);
    const alone = open([one]);
    await t.throwsAsync(remove(alone.store), { instanceOf: Unavailable });
    t.deepEqual(alone.told, []);
  });
}

test('a member that cannot be reached is told of', async (t) => {
  const gone = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => gone.once('listening', resolve));
  const address = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  await new Promise((resolve) => gone.close(resolve));
  const { store, told } = open([address]);
  await t.throwsAsync(remove(store), { instanceOf: Unavailable });
  t.deepEqual(told, [address]);
});
