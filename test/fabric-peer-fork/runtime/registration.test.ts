import type { AddressInfo } from 'node:net';

import * as grpc from '@grpc/grpc-js';
import test, { type ExecutionContext } from 'ava';

import { serveProbes } from '../../../fabric-peer-fork/runtime/probes.ts';
import { stayRegistered } from '../../../fabric-peer-fork/runtime/registration.ts';
import { until as lookUntil } from '../../../functions/lib/until.ts';

type Stream = grpc.ServerDuplexStream<Buffer, Buffer>;

/** `ChaincodeMessage` with nothing but its type: REGISTER 1, REGISTERED 2, READY 4. */
const message = (type: number): Buffer => Buffer.from([0x08, type]);

/** A peer's chaincode listener on real gRPC. What a chaincode connects with is given to `take`. */
async function peer(t: ExecutionContext, take: (stream: Stream) => void): Promise<string> {
  const server = new grpc.Server();
  const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
  server.addService(
    {
      Register: {
        path: '/protos.ChaincodeSupport/Register',
        requestStream: true,
        responseStream: true,
        requestSerialize: bytes.serialize,
        requestDeserialize: bytes.deserialize,
        responseSerialize: bytes.serialize,
        responseDeserialize: bytes.deserialize,
      },
    },
    { Register: take },
  );
  const port = await new Promise<number>((done, failed) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error) failed(error);
      else done(bound);
    }),
  );
  t.teardown(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

const chaincode = {
  Init: () => Promise.reject(new Error('not called')),
  Invoke: () => Promise.reject(new Error('not called')),
};

const until = (condition: () => boolean): Promise<true> =>
  lookUntil({ what: 'it to come about', timeoutMs: 10_000, firstMs: 5, mostMs: 5 }, () =>
    Promise.resolve(condition()),
  );

test.serial(
  'a chaincode is ready while its peer has it, and registers again when it has not',
  async (t) => {
    const streams: Stream[] = [];
    const first: Buffer[] = [];
    const address = await peer(t, (stream) => {
      streams.push(stream);
      stream.once('data', (register: Buffer) => first.push(register));
      stream.on('error', () => undefined);
    });
    process.argv.push('--peer.address', address);
    process.env['CORE_CHAINCODE_ID_NAME'] = 'greeter:0123';
    const leaving = new AbortController();
    t.teardown(() => leaving.abort());
    const registration = stayRegistered(chaincode, {
      signal: leaving.signal,
      delay: { first: 1, most: 20 },
    });

    await until(() => first.length === 1);
    t.true(first[0]?.includes('greeter:0123'), 'it says who it is');
    t.false(registration.ready, 'nobody has answered');

    streams[0]?.write(message(2));
    streams[0]?.write(message(4));
    await until(() => registration.ready);

    streams[0]?.end();
    await until(() => !registration.ready);
    await until(() => first.length === 2);

    streams[1]?.emit('error', { code: grpc.status.UNAVAILABLE, details: 'away' });
    await until(() => first.length === 3);
    streams[2]?.write(message(2));
    streams[2]?.write(message(4));
    await until(() => registration.ready);

    leaving.abort();
    streams[2]?.end();
    await until(() => !registration.ready);
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.is(first.length, 3, 'it left for good');
  },
);

test('probes tell alive from ready', async (t) => {
  let ready = false;
  const server = await serveProbes(0, () => ready);
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const status = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`)).status;
  t.is(await status('/healthz'), 200);
  t.is(await status('/readyz'), 503);
  ready = true;
  t.is(await status('/readyz'), 200);
});
