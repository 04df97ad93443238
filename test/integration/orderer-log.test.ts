/** The Raft log of an orderer, where ours differs from Fabric's: see `fabricEdits` in fabric-peer-fork/build.ts. */
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { connectOrderer } from '../../functions/lib/fabric/orderer.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { until } from '../../functions/lib/until.ts';
import { genesisSpec, startNetwork } from './fabric/network.ts';

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
