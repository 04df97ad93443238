import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { Unavailable } from '../../../../functions/lib/errors.ts';
import { connectKubelet } from '../../../../functions/lib/kubernetes/kubelet.ts';
import { issue, makeAuthority } from '../../../../scripts/lib/x509.ts';

const address = '127.0.0.1';
const pod = { namespace: 'selvedge-net-supply', name: 'farm-peer-0', uid: 'u' };
const list = JSON.stringify({ items: [{ metadata: { ...pod, creationTimestamp: null } }] });

async function portOf(t: ExecutionContext, server: Server): Promise<number> {
  await once(server.listen(0, address), 'listening');
  t.teardown(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A kubelet that gives every request this answer, and notes what it was told of who asks. */
async function kubelet(t: ExecutionContext, status: number, body = '') {
  const authority = await makeAuthority('test');
  const { certificate, key } = await issue(authority, { name: 'node', hosts: [address] });
  const told: (string | undefined)[] = [];
  const server = createHttps({ cert: certificate, key }, (request, response) => {
    told.push(request.headers.authorization);
    response.writeHead(status).end(body);
  });
  return { ca: authority.certificate, told, port: await portOf(t, server) };
}

const connect = (port: number, ca = '', timeoutMs = 5_000) =>
  connectKubelet({ ca: () => Buffer.from(ca), token: () => 'secret', port, timeoutMs });

test('a kubelet that refuses us answers, whoever signed for it, and is told nothing', async (t) => {
  const { port, told } = await kubelet(t, 401);
  t.true(await connect(port).answers(address));
  t.deepEqual(told, [undefined]);
});

test('one that is paused takes connections and does not answer', async (t) => {
  const port = await portOf(
    t,
    createTcp((socket) => socket.on('error', () => undefined)),
  );
  t.false(await connect(port, '', 100).answers(address));
});

test('one that is gone does not answer', async (t) => {
  const server = createTcp();
  const port = await portOf(t, server);
  await new Promise((resolve) => server.close(resolve));
  t.false(await connect(port).answers(address));
});

test('what a node runs is told by its kubelet', async (t) => {
  const { port, ca, told } = await kubelet(t, 200, list);
  t.deepEqual(await connect(port, ca).running(address), [pod]);
  t.deepEqual(told, ['Bearer secret']);
});

test('a node that runs nothing says so', async (t) => {
  const { port, ca } = await kubelet(t, 200, '{"items":null}');
  t.deepEqual(await connect(port, ca).running(address), []);
});

test('a refusal is not taken for nothing', async (t) => {
  const { port, ca } = await kubelet(t, 403);
  await t.throwsAsync(connect(port, ca).running(address), { instanceOf: Unavailable });
});

test('who cannot show that it is the kubelet does not get our token', async (t) => {
  const { port, told } = await kubelet(t, 200, list);
  const { certificate } = await makeAuthority('other');
  await t.throwsAsync(connect(port, certificate).running(address), { instanceOf: Unavailable });
  t.deepEqual(told, []);
});
