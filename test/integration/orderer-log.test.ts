/** The Raft log of an orderer, where ours differs from Fabric's: see `fabricEdits` in fabric-peer-fork/build.ts. */
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { connectOrderer } from '../../functions/lib/fabric/orderer.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { until } from '../../functions/lib/until.ts';
import { genesisSpec, startNetwork } from './fabric/network.ts';
import { leaderOf } from './fabric/raft.ts';

const channel = 'goods';

/** What etcd writes when it makes a log: a checksum, no metadata and the snapshot of nothing. */
const emptyLog = Buffer.from(
  '040000000000008408041000000000000400000000000084080110000000000' +
    '00e00000000000082080510a0b39b8f081a04080010000000',
  'hex',
);

const segment = 4 * 1024 * 1024;

test('orderers that were ended when they had just made their logs elect a leader', async (t) => {
  const network = await startNetwork([{ name: 'farm', mspId: 'FarmMSP', orderers: 3, peers: 0 }]);
  t.teardown(network.stop);
  const [{ orderers, admin }] = network.members as [(typeof network.members)[0]];
  const block = channelGenesis(genesisSpec(network, channel, 'raft'));
  for (const { logOf } of orderers) {
    await mkdir(logOf(channel), { recursive: true });
    const file = join(logOf(channel), '0000000000000000-0000000000000000.wal');
    await writeFile(file, Buffer.concat([emptyLog, Buffer.alloc(segment - emptyLog.length)]));
  }
  await Promise.all(
    orderers.map((orderer) => connectParticipation(orderer.admin).join(channel, block)),
  );
  const { spec, admin: entrance } = orderers[0]!;
  const client = connectOrderer(
    {
      address: `${spec.host}:${spec.port}`,
      hostname: 'localhost',
      mspId: admin.mspId,
      tlsRoot: entrance.tlsRoot,
    },
    admin,
  );
  t.teardown(() => client.close());
  const position = await until({ what: 'a leader', timeoutMs: 30_000 }, () =>
    client.position(channel),
  );
  t.truthy(position);
});

test('an orderer that was ended while it wrote comes back, though nothing was set aside', async (t) => {
  const network = await startNetwork([{ name: 'farm', mspId: 'FarmMSP', orderers: 1, peers: 0 }]);
  t.teardown(network.stop);
  const [orderer] = network.members[0]!.orderers;
  await connectParticipation(orderer!.admin).join(
    channel,
    channelGenesis(genesisSpec(network, channel, 'raft')),
  );
  await until({ what: 'a leader', timeoutMs: 30_000 }, () => leaderOf([orderer!]));
  await orderer!.server.kill();
  await tearLast(join(orderer!.logOf(channel), '0000000000000000-0000000000000000.wal'));
  await orderer!.server.start();
  const leads = () => leaderOf([orderer!]);
  t.is(await until({ what: 'a leader again', timeoutMs: 30_000 }, leads), orderer!);
});

/** Ends a log in half a record: one that was mended after such an end has nothing set aside behind it. */
async function tearLast(file: string): Promise<void> {
  const content = await readFile(file);
  // Records begin at multiples of 8 bytes, with their length: little endian, 4 KiB here.
  const end = Math.ceil((content.findLastIndex((byte) => byte !== 0) + 1) / 8) * 8;
  const half = Buffer.concat([Buffer.from('0010000000000000', 'hex'), Buffer.alloc(512, 1)]);
  await writeFile(file, Buffer.concat([content.subarray(0, end), half]));
}

test('a log sets no more than two segments of 4 MiB aside', async (t) => {
  const network = await startNetwork([{ name: 'farm', mspId: 'FarmMSP', orderers: 1, peers: 0 }]);
  t.teardown(network.stop);
  const [orderer] = network.members[0]!.orderers;
  const block = channelGenesis(genesisSpec(network, channel, 'raft'));
  await connectParticipation(orderer!.admin).join(channel, block);
  const folder = orderer!.logOf(channel);
  const sizes = await Promise.all(
    (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).size),
  );
  t.true(sizes.length <= 2);
  t.deepEqual([...new Set(sizes)], [segment]);
});
