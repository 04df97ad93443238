import test from 'ava';
import { eventually, isReady, kubernetes, namespace, pods } from './cluster.ts';

test.serial('a Vault member that restarted sealed is unsealed by failover', async (t) => {
  const [member] = await pods('selvedge.dev/tier=vault');
  const { name, uid } = member!.metadata;
  await kubernetes.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name });
  const start = performance.now();
  const back = await eventually('the member is ready again', 120, async () => {
    const found = (await pods('selvedge.dev/tier=vault')).find((pod) => pod.metadata.name === name);
    return found && found.metadata.uid !== uid && isReady(found) && found;
  });
  t.log(`unsealed ${((performance.now() - start) / 1000).toFixed(1)} s after its pod was deleted`);
  t.is(back.metadata.name, name);
});
