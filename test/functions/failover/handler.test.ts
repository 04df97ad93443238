import type { AddressInfo } from 'node:net';
import test from 'ava';
import { deadLetters, look, suspected } from '../../../functions/failover/handler.ts';
import { deadLetterPath, type DeadLetter } from '../../../functions/lib/dead-letter.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { Suspected } from '../../../functions/lib/events.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { functionApp } from '../../../functions/lib/function/serve.ts';

const log = createLogger('test');
log.level = 'silent';

interface Sent {
  path?: string;
  type: string;
  body?: string;
  fault?: Error;
}

/** One event sent to the function, and what it did. */
async function send({ path = '/', type, body = '', fault }: Sent) {
  const kept: DeadLetter[] = [];
  const noted: Suspected[] = [];
  let passes = 0;
  const end = () => (fault ? Promise.reject(fault) : Promise.resolve());
  const pass = () => (passes++, end());
  const note = (one: Suspected): void => void noted.push(one);
  const app = functionApp({
    endpoints: { '*': look(pass), 'dev.selvedge.member.suspected.v1': suspected(note, pass) },
    paths: { [deadLetterPath]: deadLetters((letter) => (kept.push(letter), end())) },
    log,
  });
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const { status } = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/test', 'ce-type': type },
      body,
      signal: AbortSignal.timeout(5_000),
    });
    return { status, kept, passes, ...(noted.length > 0 && { noted }) };
  } finally {
    server.close();
  }
}

test('a pod’s event and the resync both cause a pass', async (t) => {
  for (const type of ['dev.knative.apiserver.ref.update', 'dev.knative.sources.ping']) {
    t.deepEqual(await send({ type }), { status: 204, passes: 1, kept: [] });
  }
});

test('a pass that must be tried again answers 503, which the Broker retries', async (t) => {
  const fault = new Unavailable('vault-1: it does not answer yet');
  t.is((await send({ type: 'dev.knative.sources.ping', fault })).status, 503);
});

test('a dead letter of any type is kept and causes no pass, marked by the Broker or not', async (t) => {
  for (const type of ['dev.selvedge.data.stored.v1', 'dev.knative.sources.ping']) {
    const { status, passes, kept } = await send({ path: deadLetterPath, type, body: '[]' });
    t.deepEqual({ status, passes }, { status: 204, passes: 0 });
    t.like(kept[0]?.event, { type, id: '1', source: '/test' });
  }
});

test('a dead letter that cannot be kept answers 503, so that it is sent again', async (t) => {
  const fault = new Unavailable('the Kubernetes API server cannot be reached');
  t.is((await send({ path: deadLetterPath, type: 'a.v1', fault })).status, 503);
});

test('what a client suspects is noted and causes a pass', async (t) => {
  const report: Suspected = {
    kind: 'vault',
    address: 'https://vault-1.vault-internal.selvedge-storage.svc:8200',
    observer: 'data-put',
    since: '2026-01-01T00:00:00.000Z',
  };
  const type = 'dev.selvedge.member.suspected.v1';
  const sent = await send({ type, body: JSON.stringify(report) });
  t.deepEqual(sent, { status: 204, passes: 1, kept: [], noted: [report] });
});

test('a suspicion that names no address is refused for good', async (t) => {
  const sent = await send({ type: 'dev.selvedge.member.suspected.v1', body: '{"kind":"vault"}' });
  t.deepEqual(sent, { status: 400, passes: 0, kept: [] });
});
