import test from 'ava';
import { until } from '../../../functions/lib/until.ts';
import { fresh, pods, user } from '../cluster.ts';
import { applyWithSource, exits, removeWithSource, statusOf } from '../failing.ts';

const functions = ['provisioning', 'failover', 'data-put', 'data-get', 'keys'];

async function running(name: string): Promise<number> {
  return (await pods(`serving.knative.dev/service=${name}`)).length;
}

test.serial(
  'with no traffic no function has pods, though a chaincode goes on failing',
  async (t) => {
    const name = fresh('bad');
    t.teardown(() => removeWithSource(name));
    await applyWithSource(name, exits);
    const failed = async (): Promise<boolean> =>
      (await statusOf(name, 'Chaincodes')).condition?.reason === 'ChaincodeFailed';
    await until({ what: 'the cause to be told', timeoutMs: 240_000 }, failed);
    for (const name of functions) {
      await until(
        { what: `${name} to have no pods`, timeoutMs: 240_000 },
        async () => (await running(name)) === 0,
      );
    }
    t.true(await failed());
  },
);

test.serial('a request wakes the function it needs', async (t) => {
  const alice = await user('alice');
  const start = performance.now();
  await alice.verify('deliveries/SH-2026-0417');
  t.log(`answered from zero in ${Math.round(performance.now() - start)} ms`);
  t.true((await running('data-get')) > 0);
});
