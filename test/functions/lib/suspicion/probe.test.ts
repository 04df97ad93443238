import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { probe } from '../../../../functions/lib/suspicion/probe.ts';
import { issue, makeAuthority } from '../../../../scripts/lib/x509.ts';

async function listening(t: ExecutionContext, server: Server): Promise<string> {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that speaks TLS answers, whoever it says it is', async (t) => {
  const { certificate, key } = await issue(await makeAuthority('test'), {
    name: 'other',
    hosts: ['other.test'],
  });
  const place = await listening(t, createTlsServer({ cert: certificate, key }));
  t.is(await probe(`https://${place}`), 'answers');
});

test('a server that takes connections and stands still is silent where TLS is spoken', async (t) => {
  const place = await listening(t, createServer());
  t.is(await probe(`https://${place}`), 'silent');
  t.is(await probe(`http://${place}`), 'answers');
});

test('a server that hangs up on us answers', async (t) => {
  const place = await listening(
    t,
    createServer((socket) => void socket.end('no')),
  );
  t.is(await probe(`https://${place}`), 'answers');
});

test('where nothing listens, and where no name is, it is refused', async (t) => {
  const server = createServer();
  const place = await listening(t, server);
  await new Promise((resolve) => server.close(resolve));
  t.is(await probe(`http://${place}`), 'refuses');
  t.is(await probe('https://nobody.invalid:1'), 'refuses');
});
