/** What callers see of a leader of Vault or etcd that ends in good order, as on a node that is drained: nothing. */
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { connectEtcd, connectEtcdClient } from '../../functions/lib/data/etcd.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { startEtcd, startVault } from './harness.ts';
import { leaderOf } from './vault-cluster.ts';

/** Calls without pause, by several callers at once, until it is stopped. */
function calling(call: (n: number) => Promise<unknown>) {
  const seen = { calls: 0, failed: [] as string[], longestMs: 0 };
  let on = true;
  const caller = async (): Promise<void> => {
    while (on) {
      const start = performance.now();
      try {
        await call(seen.calls++);
      } catch (error) {
        seen.failed.push((error as Error).message);
      }
      seen.longestMs = Math.max(seen.longestMs, performance.now() - start);
      await delay(5);
    }
  };
  const running = Promise.all([caller(), caller(), caller()]);
  return {
    stop: async () => {
      on = false;
      await running;
      return seen;
    },
  };
}

test.serial('Vault: no call fails while its leader ends and another takes over', async (t) => {
  const server = await startVault('selvedge', 3);
  t.teardown(server.stop);
  const vault = connectVault(server.as('data-put'));
  await server.root('POST', 'transit/keys/user-known', { type: 'aes256-gcm96' });
  const leader = await leaderOf(server.cluster);
  const calls = calling(() => vault.write('transit/datakey/plaintext/user-known', { bits: 256 }));
  await delay(1_000);
  await server.cluster.process(leader).end();
  await delay(10_000);
  const seen = await calls.stop();
  t.log(seen);
  t.deepEqual(seen.failed, []);
  t.true(seen.calls > 100);
});

test.serial('etcd: no call fails while its leader ends and another takes over', async (t) => {
  const server = await startEtcd({ members: 3 });
  t.teardown(server.stop);
  const etcd = connectEtcd(server.options);
  const client = connectEtcdClient(server.options);
  const { leader } = await client.maintenance.status();
  const { members } = await client.cluster.memberList({ linearizable: true });
  client.close();
  const leading = members.find(({ ID }) => ID === leader)?.name ?? '';
  const calls = calling(async (n) => {
    await etcd.commit({ [`key-${n}`]: '0' }, [{ key: `key-${n}`, value: 'x' }]);
    await etcd.get(`key-${n}`);
  });
  await delay(1_000);
  await server.members[Number(leading.at(-1))]?.end();
  await delay(10_000);
  const seen = await calls.stop();
  etcd.close();
  t.log(seen);
  t.deepEqual(seen.failed, []);
  t.true(seen.calls > 100);
});
