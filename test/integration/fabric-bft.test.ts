import test from 'ava';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { approve, commit, sameDefinition } from '../../functions/lib/fabric/lifecycle.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { connectPeer } from '../../functions/lib/fabric/peer.ts';
import { genesisSpec, startNetwork } from './fabric/network.ts';

test('four orderers agree by SmartBFT, and go on without any one of them', async (t) => {
  const network = await startNetwork([{ name: 'farm', mspId: 'FarmMSP', orderers: 4, peers: 1 }]);
  t.teardown(() => network.stop());
  const [farm] = network.members;
  const block = channelGenesis(genesisSpec(network, 'goods', 'bft'));
  for (const { admin } of farm!.orderers) {
    const { consensusRelation } = await connectParticipation(admin).join('goods', block);
    t.is(consensusRelation, 'consenter');
  }
  const peer = connectPeer(farm!.peers[0]!.endpoint, farm!.admin);
  t.teardown(() => peer.close());
  await peer.joinChannel(block);

  const definition = { name: 'trade', version: '1', sequence: 1 };
  await approve(peer, 'goods', definition);
  await farm!.orderers[0]!.server.kill();
  await commit([peer], 'goods', definition);

  const committed = await peer.queryCommitted('goods', 'trade');
  t.true(committed && sameDefinition(definition, committed));
});
