/** What clients do while a server stands still: it takes connections and answers nothing. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { connectObjects } from '../../functions/lib/data/objects.ts';
import { connectEtcd } from '../../functions/lib/data/etcd.ts';
import type { Tell } from '../../functions/lib/suspicion/suspects.ts';
import { until } from '../../functions/lib/until.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { startEtcd, startMinio, startVault } from './harness.ts';

/** How long something took, for people to read. */
async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = performance.now();
  return { value: await work(), ms: Math.round(performance.now() - start) };
}

const ranks = (all: number[]): string => {
  const sorted = all.toSorted((a, b) => a - b);
  return `first ${all[0]} ms, median ${sorted[sorted.length >> 1]} ms, worst ${sorted.at(-1)} ms`;
};

test('etcd: whichever member falls silent, each call is answered by the others', async (t) => {
  const etcd = await startEtcd({ members: 3 });
  t.teardown(() => etcd.stop());
  for (const [n, member] of etcd.members.entries()) {
    const told: string[] = [];
    const client = connectEtcd({ ...etcd.options, tell: ({ address }) => told.push(address) });
    t.teardown(() => client.close());
    // A connection to each of them is open when one stops.
    for (let i = 0; i < 9; i++) await client.get('nothing');
    member.pause();
    const took: number[] = [];
    for (let i = 0; i < 40; i++) {
      const key = `silent-${n}-${i}`;
      const put = () => client.commit({ [key]: '0' }, [{ key, value: 'x' }]);
      const { value, ms } = await timed(put);
      t.truthy(value ?? (await client.get(key)));
      took.push(ms);
    }
    t.log(`etcd-${n} silent: ${ranks(took)}`);
    t.deepEqual([...new Set(told)], [etcd.options.endpoints[n]]);
    member.resume();
  }
});

test('Vault: whichever member falls silent, each call is answered by the others', async (t) => {
  const server = await startVault('selvedge', 3);
  t.teardown(() => server.stop());
  const options = server.as('data-put');
  await server.root('POST', 'transit/keys/user-known', { type: 'aes256-gcm96' });
  for (const n of options.addresses.keys()) {
    const told: string[] = [];
    const vault = connectVault({ ...options, tell: (suspected) => told.push(suspected.address) });
    const dataKey = () => vault.write('transit/datakey/plaintext/user-known', { bits: 256 });
    // While a new leader is chosen, those who are left say that there is none.
    const patiently = () => until({ what: 'a data key', timeoutMs: 30_000 }, dataKey);
    await patiently();
    server.cluster.process(n).pause();
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const { ms } = await timed(patiently);
      took.push(ms);
    }
    t.log(`vault-${n} silent: ${ranks(took)}`);
    // One that led and was silent goes on as if it led, and cannot answer.
    const silent = options.addresses.slice(0, n + 1);
    t.true(
      told.every((one) => silent.includes(one)),
      told.join(', '),
    );
    // Who is silent is remembered.
    const slow = took.filter((ms) => ms >= 1_000).length;
    t.true(slow <= 3, `${slow} calls waited`);
    server.cluster.process(n).resume();
  }
});

test('MinIO: objects are kept and read past members that are silent', async (t) => {
  const store = await startMinio();
  t.teardown(() => store.stop());
  const silent = [await deaf(t), await deaf(t)];
  const told = new Set<string>();
  const endpoints = [...silent, ...store.options.endpoints];
  const tell: Tell = ({ address }) => told.add(address);
  const objects = connectObjects({ ...store.options, endpoints, tell });
  const signal = new AbortController().signal;
  const [small, large] = [randomBytes(1_000), randomBytes(20 * 1024 * 1024)];
  const took: number[] = [];
  for (let i = 0; i < 12; i++) {
    const body = i === 6 ? large : small;
    const roundTrip = async () => {
      await objects.put(`silent-${i}`, Readable.from([body]), signal);
      t.true(body.equals(await buffer(await objects.get(`silent-${i}`))));
    };
    took.push((await timed(roundTrip)).ms);
  }
  t.log(`two of three silent: ${ranks(took)}`);
  t.deepEqual([...told].toSorted(), silent.toSorted());
});

/** A server that takes connections and says nothing. */
async function deaf(t: ExecutionContext): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
