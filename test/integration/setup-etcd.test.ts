/** What each function may do in an etcd as the setup leaves it: real users, real certificates. */
import anyTest, { type TestFn } from 'ava';
import { type IRequestOp, Range } from 'etcd3';
import { connectEtcd, connectEtcdClient, type Etcd } from '../../functions/lib/data/etcd.ts';
import { prefixes } from '../../functions/lib/data/datum.ts';
import { restrictEtcd } from '../../functions/setup/etcd.ts';
import { startEtcd, type EtcdServer } from './harness.ts';

type User = 'root' | 'data-put' | 'data-get' | 'keys' | 'stranger';
interface Context {
  server: EtcdServer;
  as: Record<User, Etcd>;
}
const test = anyTest as TestFn<Context>;

test.before(async (t) => {
  const server = await startEtcd();
  const root = await server.as('root');
  const admin = connectEtcdClient(root);
  await restrictEtcd(admin);
  admin.close();
  t.context = {
    server,
    as: {
      root: connectEtcd(root),
      'data-put': connectEtcd(await server.as('data-put')),
      'data-get': connectEtcd(await server.as('data-get')),
      keys: connectEtcd(await server.as('keys')),
      stranger: connectEtcd(await server.as('stranger')),
    },
  };
  for (const place of places) await write(t.context.as.root, `${place}there`);
});

test.after.always(async (t) => {
  for (const etcd of Object.values(t.context.as)) etcd.close();
  await t.context.server.stop();
});

const { data, versions, policies, proposals, records, intents, erasures, outbox } = prefixes;
const elsewhere = ['', 'selvedge/', 'selvedge/v2/', 'selvedge/v1'];
const all = [data, versions, policies, proposals, records, intents, erasures, outbox];
const places = [...all, ...elsewhere];

const may: Record<User, { read: string[]; write: string[] }> = {
  root: { read: places, write: places },
  'data-put': { read: all, write: all },
  'data-get': { read: [data, versions, policies, proposals, records], write: [] },
  keys: { read: [versions, intents], write: [versions] },
  stranger: { read: [], write: [] },
};

async function write(etcd: Etcd, key: string): Promise<void> {
  const known = await etcd.get(key);
  await etcd.commit({ [key]: known?.revision ?? '0' }, [{ key, value: 'x' }]);
}

/** Writes without reading first: what is refused must be the write. */
const writeBlindly = (etcd: Etcd, key: string) =>
  etcd.commit({ [key]: '0' }, [{ key, value: 'x' }]);

const refused = /permission denied|user name not found|authentication failed|invalid auth/;

for (const [user, rights] of Object.entries(may) as [User, (typeof may)[User]][]) {
  for (const place of places) {
    const reads = rights.read.includes(place);
    const writes = rights.write.includes(place);
    test.serial(`${user} ${reads ? 'reads' : 'may not read'} «${place}…»`, async (t) => {
      const etcd = t.context.as[user];
      if (reads) t.is((await etcd.get(`${place}there`))?.value.toString(), 'x');
      else await t.throwsAsync(etcd.get(`${place}there`), { message: refused });
    });
    test.serial(`${user} ${writes ? 'writes' : 'may not write'} «${place}…»`, async (t) => {
      const etcd = t.context.as[user];
      const key = `${place}by-${user}`;
      if (writes) t.truthy(await writeBlindly(etcd, key));
      else await t.throwsAsync(writeBlindly(etcd, key), { message: refused });
    });
  }
}

for (const user of ['data-put', 'data-get'] as const) {
  test.serial(`${user} may read the key that warms its client up`, async (t) => {
    t.is(await t.context.as[user].get(prefixes.data), undefined);
  });

  test.serial(`${user} lists what it reads, and nothing beyond`, async (t) => {
    const etcd = t.context.as[user];
    for (const prefix of may[user].read) t.true((await etcd.list(prefix, 10)).length > 0, prefix);
    await t.throwsAsync(etcd.list('selvedge/', 10), { message: refused });
  });
}

/** etcd before 3.6.9 did not look into a transaction within a transaction (CVE-2026-33343). */
const within: Record<string, (key: Buffer) => IRequestOp> = {
  read: (key) => ({ request_range: { key } }),
  write: (key) => ({ request_put: { key, value: Buffer.from('x') } }),
};

for (const [act, request] of Object.entries(within)) {
  test.serial(
    `data-get may not ${act} beyond its rights within a transaction either`,
    async (t) => {
      const client = connectEtcdClient(await t.context.server.as('data-get'));
      const inner = { success: [request(Buffer.from(`${intents}there`))] };
      const outer = { success: [{ request_txn: inner }] };
      await t.throwsAsync(client.kv.txn(outer), { message: refused });
      client.close();
    },
  );
}

test.serial(
  'a second setup gives back what was taken away, and takes what was added',
  async (t) => {
    const { server, as } = t.context;
    const root = await server.as('root');
    const client = connectEtcdClient(root);
    const role = client.role('data-get');
    await role.revoke({ permission: 'Read', range: Range.prefix(data) });
    await role.grant({ permission: 'Readwrite', range: Range.prefix('selvedge/v2/') });
    client.close();
    await t.throwsAsync(as['data-get'].get(`${data}there`), { message: refused });
    const again = connectEtcdClient(root);
    await restrictEtcd(again);
    again.close();
    t.truthy(await as['data-get'].get(`${data}there`));
    await t.throwsAsync(as['data-get'].get('selvedge/v2/there'), { message: refused });
  },
);
