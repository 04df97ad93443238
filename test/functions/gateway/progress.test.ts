import { Writable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import type { Response as ExpressResponse } from 'express';
import { pino } from 'pino';
import { createProgress } from '../../../functions/gateway/progress.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { apiVersion, kind, type FabricNetwork } from '../../../functions/lib/network.ts';
import { compacted, FakeNetworks } from '../../fakes/networks.ts';
import { bearer, startGateway } from './gateway.ts';

const network: FabricNetwork = {
  apiVersion,
  kind,
  metadata: { name: 'supply', namespace: 'selvedge' },
  spec: { consensus: {}, organizations: [], channels: [] },
};

const become = (networks: FakeNetworks, phase: 'Pending' | 'Progressing' | 'Ready') =>
  networks.write({ ...networks.objects.get('supply')!, status: { phase } });

/** Follows the network, giving each event as `name phase`. */
async function follow(t: ExecutionContext, url: string) {
  const leave = new AbortController();
  t.teardown(() => leave.abort());
  const answer = await fetch(`${url}/v1/networks/supply/events`, {
    headers: bearer,
    signal: leave.signal,
  });
  const events = read(answer);
  return { answer, leave, next: async () => (await events.next()).value as string | undefined };
}

async function* read(answer: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of answer.body!) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = rest.split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      if (!name) continue;
      const { status } = JSON.parse(data!) as { status?: { phase: string } };
      yield [name, status?.phase].filter(Boolean).join(' ');
    }
  }
}

test('progress is told from the present state on until the network is deleted', async (t) => {
  const gateway = await startGateway(t);
  gateway.networks.write({ ...network, status: { phase: 'Pending' } });
  const { answer, next } = await follow(t, gateway.url);
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  t.is(await next(), 'network Pending');
  become(gateway.networks, 'Progressing');
  t.is(await next(), 'network Progressing');
  become(gateway.networks, 'Progressing');
  become(gateway.networks, 'Ready');
  t.is(await next(), 'network Ready');
  gateway.networks.erase('supply');
  t.is(await next(), 'deleted');
  t.is(await next(), undefined);
  t.deepEqual(gateway.asked, ['watch supply']);
});

test('a compacted or broken watch is begun again, and nothing is missed', async (t) => {
  for (const fault of [compacted(), new Unavailable('the API server restarts')]) {
    const gateway = await startGateway(t);
    gateway.networks.write({ ...network, status: { phase: 'Pending' } });
    gateway.networks.watchFault = fault;
    const { next, leave } = await follow(t, gateway.url);
    t.is(await next(), 'network Pending');
    become(gateway.networks, 'Ready');
    t.is(await next(), 'network Ready');
    leave.abort();
  }
});

test('a network that is not there has no progress', async (t) => {
  const gateway = await startGateway(t);
  const { answer } = await follow(t, gateway.url);
  t.is(answer.status, 404);
});

test('streams end when the gateway does', async (t) => {
  const gateway = await startGateway(t);
  gateway.networks.write(network);
  const { next } = await follow(t, gateway.url);
  t.is(await next(), 'network');
  gateway.end();
  t.is(await next(), undefined);
});

test('only so many streams are held at once, and a place is free when one leaves', async (t) => {
  const gateway = await startGateway(t);
  gateway.networks.write(network);
  const streams = await Promise.all(Array.from({ length: 64 }, () => follow(t, gateway.url)));
  t.true(streams.every(({ answer }) => answer.status === 200));
  t.is((await follow(t, gateway.url)).answer.status, 503);
  streams[0]!.leave.abort();
  let status = 503;
  while (status === 503) status = (await follow(t, gateway.url)).answer.status;
  t.is(status, 200);
});

test('a caller who leaves before its stream begins holds no place', async (t) => {
  const response = new Writable() as unknown as ExpressResponse;
  const networks = {
    get: () => {
      response.destroy();
      return Promise.resolve(network);
    },
  };
  const progress = createProgress({
    networks,
    kubernetes: new FakeNetworks().edge,
    namespace: 'selvedge',
    ending: new AbortController().signal,
    log: pino({ level: 'silent' }),
    most: 1,
  });
  for (let n = 0; n < 2; n++) {
    await t.notThrowsAsync(progress.stream('supply', response, (found) => found));
  }
});
