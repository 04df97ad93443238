import { createServer, request } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { PersistentAgent } from '../../../functions/gateway/connecting.ts';

/** A Service whose pods are met one after the other; `127.0.0.9` is one where nothing listens. */
function service(...pods: string[]) {
  const met: string[] = [];
  const lookup: LookupFunction = (_name, _options, found) => {
    const pod = pods[met.length] ?? '127.0.0.9';
    met.push(pod);
    found(null, [{ address: pod, family: 4 }]);
  };
  return { met, lookup };
}

/** A server on 127.0.0.1, asked by way of the Service. */
async function serve(t: ExecutionContext, lookup: LookupFunction) {
  const server = createServer((_request, response) => response.end('here'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const agent = new PersistentAgent({ keepAlive: true });
  t.teardown(() => {
    agent.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const ask = () =>
    new Promise((resolve, reject) => {
      request({ host: 'service.test', port, agent, lookup }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode));
      })
        .on('error', reject)
        .end();
    });
  return { agent, ask };
}

test('a pod that takes no connection is passed over for the next, before anything is sent', async (t) => {
  const { met, lookup } = service('127.0.0.9', '127.0.0.9', '127.0.0.1');
  const { agent, ask } = await serve(t, lookup);
  t.is(await ask(), 200);
  t.deepEqual(met, ['127.0.0.9', '127.0.0.9', '127.0.0.1']);
  t.is(await ask(), 200);
  t.is(met.length, 3, 'the connection is kept');
  agent.closeIdle();
  await t.throwsAsync(ask(), undefined, 'all are made anew, and nobody is left');
});

test('where no pod takes a connection it ends with an error', async (t) => {
  const agent = new PersistentAgent();
  const { met, lookup } = service();
  const failed = new Promise<Error>((resolve) => {
    request({ host: 'service.test', port: 1, agent, lookup }).on('error', resolve).end();
  });
  t.true((await failed) instanceof Error);
  t.is(met.length, 4);
});

test('a connection that stands while this process is busy is taken', async (t) => {
  const { met, lookup } = service('127.0.0.1', '127.0.0.1');
  const { ask } = await serve(t, lookup);
  const status = ask();
  await new Promise(process.nextTick);
  for (const end = Date.now() + 400; Date.now() < end;);
  t.is(await status, 200);
  t.deepEqual(met, ['127.0.0.1']);
});
