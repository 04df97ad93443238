/** Three members of etcd under their keepers, as in the cluster: what becomes of one that lost its disk. */
import { setTimeout as delay } from 'node:timers/promises';
import anyTest, { type TestFn } from 'ava';
import { connectEtcd, connectEtcdClient, type Etcd } from '../../functions/lib/data/etcd.ts';
import { prefixes } from '../../functions/lib/data/datum.ts';
import { until } from '../../functions/lib/until.ts';
import { restrictEtcd } from '../../functions/setup/etcd.ts';
import { startEtcd, type EtcdServer } from './harness.ts';
import { voters } from './etcd-voters.ts';
import { writing, type Writing } from './writing.ts';

interface Context {
  server: EtcdServer;
  etcd: Etcd;
}
const test = anyTest as TestFn<Context>;

test.before(async (t) => {
  const server = await startEtcd({ members: 3, kept: true });
  t.context = { server, etcd: connectEtcd(await server.as('data-put')) };
  await until({ what: 'all to have a vote', timeoutMs: 60_000 }, async () => {
    return (await voters(server)).length === 3;
  });
  const admin = connectEtcdClient(await server.as('root'));
  await restrictEtcd(admin);
  admin.close();
});
test.after.always(async (t) => {
  t.context.etcd.close();
  await t.context.server.stop();
});

async function leader(server: EtcdServer): Promise<number> {
  const client = connectEtcdClient(await server.as('root'));
  try {
    const { leader: id } = await client.maintenance.status();
    return (await voters(server)).indexOf(id);
  } finally {
    client.close();
  }
}

const place = prefixes.data;

/** Writes keys that hold their own names. */
function writingKeys(etcd: Etcd): Writing {
  const write = async (name: string): Promise<boolean> => {
    const key = `${place}${name}`;
    return (await etcd.commit({ [key]: '0' }, [{ key, value: key }])) !== undefined;
  };
  return writing(write, 5);
}

async function replaced(t: { context: Context }, index: number): Promise<string[]> {
  const { server, etcd } = t.context;
  const before = await voters(server);
  const writes = writingKeys(etcd);
  await delay(300);
  await server.restart(index, 'lost');
  await until({ what: 'another to have its vote', timeoutMs: 60_000 }, async () => {
    const now = await voters(server, index);
    return now.length === 3 && now[index] !== before[index];
  });
  await delay(300);
  const keys = (await writes.stop()).map((name) => `${place}${name}`);
  const after = await voters(server);
  const alone = connectEtcd({
    ...(await server.as('data-put')),
    endpoints: server.options.endpoints.slice(index, index + 1),
  });
  const missing = await lost(alone, keys).finally(() => alone.close());
  const same = before.filter((id, n) => n !== index && after[n] !== id);
  return [...missing, ...same, ...(keys.length < 20 ? [`only ${keys.length} were written`] : [])];
}

async function lost(etcd: Etcd, keys: readonly string[]): Promise<string[]> {
  const found = await Promise.all(keys.map((key) => etcd.get(key)));
  return keys.filter((key, n) => found[n]?.value.toString() !== key);
}

test.serial('a member that restarts is who it was', async (t) => {
  const { server } = t.context;
  const before = await voters(server);
  await server.restart(1, 'kept');
  await until({ what: 'it to answer', timeoutMs: 30_000 }, () => voters(server, 1));
  t.deepEqual(await voters(server), before);
});

test.serial('a member that lost its disk comes back as another, under writes', async (t) => {
  const index = ((await leader(t.context.server)) + 1) % 3;
  t.deepEqual(await replaced(t, index), []);
});

test.serial('so does the one that leads', async (t) => {
  t.deepEqual(await replaced(t, await leader(t.context.server)), []);
});

test.serial('so does the first, which makes no cluster of its own', async (t) => {
  t.deepEqual(await replaced(t, 0), []);
});

test.serial(
  'two that lost their disks wait for somebody who knows what the third has',
  async (t) => {
    const { server } = t.context;
    await Promise.all([server.restart(0, 'lost'), server.restart(1, 'lost')]);
    await delay(5_000);
    const etcd = connectEtcd({ ...(await server.as('root')), timeoutMs: 500 });
    const read = etcd.get(`${place}none`).finally(() => etcd.close());
    await t.throwsAsync(read, { message: /does not answer/ });
  },
);
