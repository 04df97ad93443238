/** How peers get blocks when the orderer that they listen to says nothing more, not even that. */
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { Unavailable } from '../../functions/lib/errors.ts';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { approve } from '../../functions/lib/fabric/lifecycle.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { connectPeer } from '../../functions/lib/fabric/peer.ts';
import { until } from '../../functions/lib/until.ts';
import { genesisSpec, startNetwork, type TestPeer } from './fabric/network.ts';
import { leaderOf } from './fabric/raft.ts';

const channel = 'goods';

test('a peer whose orderer falls silent has what the others order within seconds', async (t) => {
  const organizations = [
    { name: 'farm', mspId: 'FarmMSP', orderers: 3, peers: 1 },
    { name: 'shop', mspId: 'ShopMSP', orderers: 0, peers: 1 },
  ];
  // As provisioning has it: the transaction itself may go to the silent one first.
  const network = await startNetwork(organizations, {
    CORE_PEER_GATEWAY_DIALTIMEOUT: '1s',
    CORE_PEER_GATEWAY_BROADCASTTIMEOUT: '1500ms',
  });
  t.teardown(network.stop);
  const { members } = network;
  const orderers = members.flatMap((member) => member.orderers);
  const peers = members.flatMap((member) => member.peers);
  const block = channelGenesis(genesisSpec(network, channel, 'raft'));
  for (const { admin } of orderers) await connectParticipation(admin).join(channel, block);
  await until({ what: 'a leader', timeoutMs: 30_000 }, () => leaderOf(orderers));
  const admins = members.map(({ peers: [peer], admin }) => connectPeer(peer!.endpoint, admin));
  t.teardown(() => {
    for (const admin of admins) admin.close();
  });
  for (const admin of admins) await admin.joinChannel(block);
  const [farm, shop] = admins as [(typeof admins)[0], (typeof admins)[0]];
  const haveAll = (height: number) => async (): Promise<boolean> =>
    (await Promise.all([farm, shop].map((one) => one.blockHeight(channel)))).every(
      (own) => own >= height,
    );
  await approve(farm, channel, { name: 'anchor', version: '1', sequence: 1 });
  await until({ what: 'the first block at both', timeoutMs: 30_000 }, haveAll(2));

  const listened = await until({ what: 'an orderer', timeoutMs: 10_000 }, () => source(peers[1]!));
  orderers.find(({ spec }) => listened.endsWith(`:${spec.port}`))!.server.pause();
  const began = performance.now();
  let version = 1;
  // By Fabric's defaults it is 80 s.
  await until({ what: 'the second block at both', timeoutMs: 60_000 }, async () => {
    // There may be no leader at first. The same twice would be refused.
    const next = { name: 'anchor', version: `${++version}`, sequence: 1 };
    await approve(farm, channel, next).catch(unlessAway);
    return haveAll(3)();
  });
  t.log(`after ${((performance.now() - began) / 1000).toFixed(1)} s`);
  t.pass();
});

function unlessAway(error: unknown): void {
  if (!(error instanceof Unavailable)) throw error;
}

/** The orderer that a peer said last to listen to. */
async function source({ server }: TestPeer): Promise<string | undefined> {
  const log = await readFile(server.log, 'utf8');
  return [...log.matchAll(/orderer-address=(\S+)/g)].at(-1)?.[1];
}
