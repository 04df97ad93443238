import test from 'ava';
import { eventually, pods, user } from './cluster.ts';

const functions = ['provisioning', 'failover', 'data-put', 'data-get'];

async function running(name: string): Promise<number> {
  return (await pods(`serving.knative.dev/service=${name}`)).length;
}

test.serial('with no traffic all four functions have no pods', async (t) => {
  for (const name of functions) {
    await eventually(`${name} has no pods`, 240, async () => (await running(name)) === 0);
  }
  t.pass();
});

test.serial('a request wakes the function it needs', async (t) => {
  const alice = await user('alice');
  const start = performance.now();
  await alice.verify('deliveries/SH-2026-0417');
  t.log(`answered from zero in ${Math.round(performance.now() - start)} ms`);
  t.true((await running('data-get')) > 0);
});
