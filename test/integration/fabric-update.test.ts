/** Updates of a channel while it goes on, and orderers that lost their disk replaced by them. */
import test, { type ExecutionContext } from 'ava';
import { Unavailable } from '../../functions/lib/errors.ts';
import { blockNumber, consentersOf } from '../../functions/lib/fabric/config-block.ts';
import type { Change } from '../../functions/lib/fabric/channel-update/change.ts';
import { changeChannel } from '../../functions/lib/fabric/channel-update/change-channel.ts';
import {
  addConsenter,
  removeConsenter,
} from '../../functions/lib/fabric/channel-update/changes/consenters.ts';
import {
  addAnchorPeer,
  setOrdererEndpoints,
} from '../../functions/lib/fabric/channel-update/changes/organizations.ts';
import { channelGenesis, type GenesisSpec } from '../../functions/lib/fabric/genesis.ts';
import { approve } from '../../functions/lib/fabric/lifecycle.ts';
import { connectOrderer } from '../../functions/lib/fabric/orderer.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { connectPeer } from '../../functions/lib/fabric/peer.ts';
import { until } from '../../functions/lib/until.ts';
import { genesisSpec, startNetwork, type TestMember, type TestOrderer } from './fabric/network.ts';

const channel = 'goods';

interface Orderer extends TestOrderer {
  member: TestMember;
}

/** A channel of two organizations, and one's peer that writes to it. */
async function made(
  t: ExecutionContext,
  consensus: GenesisSpec['consensus'],
  [farms, shops]: [number, number],
) {
  const network = await startNetwork([
    { name: 'farm', mspId: 'FarmMSP', orderers: farms, peers: 1 },
    { name: 'shop', mspId: 'ShopMSP', orderers: shops, peers: 0 },
  ]);
  t.teardown(() => network.stop());
  const block = channelGenesis(genesisSpec(network, channel, consensus));
  const orderers = network.members.flatMap((member) =>
    member.orderers.map((orderer): Orderer => ({ ...orderer, member })),
  );
  for (const orderer of orderers) await join(orderer, block);
  const [farm] = network.members;
  const peer = connectPeer(farm!.peers[0]!.endpoint, farm!.admin);
  t.teardown(() => peer.close());
  await peer.joinChannel(block);

  const clients = orderers.map(({ spec, member: { admin, tls } }) => {
    const address = `${spec.host}:${spec.port}`;
    const endpoint = {
      address,
      hostname: 'localhost',
      mspId: admin.mspId,
      tlsRoot: tls.certificate,
    };
    const client = connectOrderer(endpoint, admin);
    t.teardown(() => client.close());
    return client;
  });
  let sequence = 0;
  return {
    orderers,
    /** A change that admins of these organizations sign. */
    change: (change: Change, signing = ['FarmMSP', 'ShopMSP']) => {
      const all = network.members.map(({ admin }) => admin);
      const admins = all.filter(({ mspId }) => signing.includes(mspId));
      return changeChannel({ channel, orderers: clients, admins }, change);
    },
    /** A transaction that comes into a block. */
    write: () =>
      until(
        { what: 'a write', timeoutMs: 60_000, final: (error) => !(error instanceof Unavailable) },
        // Another with each attempt: one whose fate is not known may have come through.
        () => approve(peer, channel, { name: `trade-${sequence++}`, version: '1', sequence: 1 }),
      ),
    height: () => peer.blockHeight(channel),
  };
}

function orders({ spec: { host, port } }: Orderer, block: Uint8Array): boolean {
  return consentersOf(block).some((one) => one.host === host && one.port === port);
}

/** An orderer answers its admins a little after it says that it is well. */
function join({ admin }: Orderer, block: Uint8Array): Promise<unknown> {
  return until({ what: 'the orderer to answer', timeoutMs: 30_000 }, () =>
    connectParticipation(admin).join(channel, block),
  );
}

/** A consenter of the channel that has come as far as `height`. */
async function caughtUp({ admin }: Orderer, height: number): Promise<void> {
  await until({ what: 'the orderer to catch up', timeoutMs: 60_000 }, async () => {
    const info = await connectParticipation(admin).info(channel);
    return (
      info?.status === 'active' && info.consensusRelation === 'consenter' && info.height >= height
    );
  });
}

test.serial('an orderer without its disk is replaced, and then another may be lost', async (t) => {
  const { orderers, change, write, height } = await made(t, 'raft', [2, 1]);
  await write();
  const [other, , lost] = orderers as [Orderer, Orderer, Orderer];
  await lost.server.kill();
  await lost.wipe();

  const without = await change(removeConsenter(lost.spec));
  t.false(orders(lost, without));
  await write();
  const block = await change(addConsenter({ ...lost.spec, mspId: lost.member.mspId }));
  t.true(orders(lost, block));
  const again = await change(addConsenter({ ...lost.spec, mspId: lost.member.mspId }));
  t.is(blockNumber(again), blockNumber(block), 'what holds already is not changed');

  await lost.server.start();
  await join(lost, block);
  await caughtUp(lost, await height());
  await other.server.kill();
  await write();
  await write();
  await caughtUp(lost, await height());
});

test.serial('a consenter of bft goes and comes while the channel goes on', async (t) => {
  const { orderers, change, write } = await made(t, 'bft', [3, 1]);
  await write();
  const lost = orderers[3]!;
  await lost.server.kill();
  t.false(orders(lost, await change(removeConsenter(lost.spec))));
  await write();
  t.true(orders(lost, await change(addConsenter({ ...lost.spec, mspId: lost.member.mspId }))));
  await write();
});

test.serial('what one of two organizations signs is refused', async (t) => {
  const { orderers, change } = await made(t, 'raft', [2, 1]);
  await t.throwsAsync(change(removeConsenter(orderers[0]!.spec), ['FarmMSP']), {
    name: 'Unprocessable',
    message: /policy .* not satisfied/,
  });
  t.is(blockNumber(await change(setOrdererEndpoints('shop', ['127.0.0.1:1']))), 1);
  t.is(blockNumber(await change(addAnchorPeer('farm', { host: 'farm', port: 7051 }))), 2);
});
