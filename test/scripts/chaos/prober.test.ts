import test from 'ava';
import { until } from '../../../functions/lib/until.ts';
import { GatewayError } from '../../../scripts/cli/client.ts';
import { isAcknowledged } from '../../../scripts/chaos/history.ts';
import { startProber, type ProberOptions } from '../../../scripts/chaos/prober.ts';
import { takeStock } from '../../../scripts/chaos/stock.ts';
import { isClean, judge } from '../../../scripts/chaos/verdict.ts';
import { fakeGateway, type FakeGateway } from './gateway.ts';

/** Probes until so many puts were acknowledged. */
async function probe(client: FakeGateway, puts = 20, more: Partial<ProberOptions> = {}) {
  const prober = startProber({ client, prefix: 'probe', ...more });
  await until({ what: 'puts', timeoutMs: 20_000, mostMs: 50 }, () =>
    Promise.resolve(prober.history.filter(isAcknowledged).length >= puts),
  );
  return prober.stop();
}

test('a gateway that keeps its promises has a clean verdict', async (t) => {
  const gateway = fakeGateway();
  const history = await probe(gateway);
  const verdict = judge(history, await takeStock(gateway, history));
  t.true(isClean(verdict), JSON.stringify(verdict));
  t.is(verdict.unresolved, 0);
  t.true(history.some(({ kind }) => kind === 'get'));
});

test('a put that failed is tried again under its idempotency key until it is acknowledged', async (t) => {
  let broken = true;
  const gateway = fakeGateway((call) => {
    if (broken && call % 3 === 0) throw new GatewayError(503, { detail: 'later' });
  });
  const history = await probe(gateway);
  broken = false;
  t.true(history.some(({ failure }) => failure === 'the gateway answered 503: later'));
  const verdict = judge(history, await takeStock(gateway, history));
  t.true(isClean(verdict), JSON.stringify(verdict));
  t.is(verdict.unresolved, 0);
});

test('what was acknowledged is put again now and then, and gets the same receipt', async (t) => {
  const gateway = fakeGateway();
  const history = await probe(gateway, 30);
  const ids = history.filter(isAcknowledged).map(({ id }) => id);
  t.true(new Set(ids).size < ids.length);
});

test('keys have one version, and many', async (t) => {
  const gateway = fakeGateway();
  await probe(gateway, 30);
  const versions = [...gateway.data.values()].map(({ length }) => length);
  t.true(versions.includes(1));
  t.true(versions.some((many) => many > 2));
});

test('nothing is read that was not acknowledged', async (t) => {
  const gateway = fakeGateway((call) => {
    if (call % 2 === 0) throw new GatewayError(503, { detail: 'later' });
  });
  const history = await probe(gateway);
  const known = new Set(history.filter(isAcknowledged).map(({ key }) => key));
  t.true(gateway.gets.every((key) => known.has(key)));
});

test('a call that is never answered keeps no other from being made', async (t) => {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const gateway = fakeGateway((call) => (call === 0 ? promise : undefined));
  const prober = startProber({ client: gateway, prefix: 'probe', writers: 1, readers: 1 });
  await until({ what: 'other puts', timeoutMs: 20_000, mostMs: 50 }, () =>
    Promise.resolve(prober.history.filter(isAcknowledged).length >= 3),
  );
  resolve(undefined);
  const history = await prober.stop();
  t.is(judge(history, await takeStock(gateway, history)).unresolved, 0);
});

test('what is never acknowledged is unresolved', async (t) => {
  let broken = false;
  const gateway = fakeGateway(() => {
    if (broken) throw new GatewayError(503, { detail: 'later' });
  });
  const prober = startProber({ client: gateway, prefix: 'probe', settleMs: 100 });
  await until({ what: 'a put', timeoutMs: 20_000, mostMs: 50 }, () =>
    Promise.resolve(prober.history.some(isAcknowledged)),
  );
  broken = true;
  await until({ what: 'a failure', timeoutMs: 20_000, mostMs: 50 }, () =>
    Promise.resolve(prober.history.some(({ kind, failure }) => kind === 'put' && failure)),
  );
  const history = await prober.stop();
  broken = false;
  t.true(judge(history, await takeStock(gateway, history)).unresolved > 0);
});

const losses: Record<string, (gateway: FakeGateway) => void> = {
  'a datum that is gone': ({ data }) => void data.delete('probe/shared-0'),
  'a body that is another': ({ data }) => {
    for (const kept of data.get('probe/shared-0') ?? []) kept.body = Buffer.from('{}');
  },
};

for (const [what, lose] of Object.entries(losses)) {
  test(`the stock shows ${what}`, async (t) => {
    const gateway = fakeGateway();
    const history = await probe(gateway);
    lose(gateway);
    t.true(judge(history, await takeStock(gateway, history)).lost.length > 0);
  });
}
