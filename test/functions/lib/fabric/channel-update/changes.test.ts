import test from 'ava';
import { common, orderer, peer } from '@hyperledger/fabric-protos';
import type { Change } from '../../../../../functions/lib/fabric/channel-update/change.ts';
import {
  addConsenter,
  removeConsenter,
  replaceConsenter,
} from '../../../../../functions/lib/fabric/channel-update/changes/consenters.ts';
import {
  addAnchorPeer,
  setOrdererEndpoints,
} from '../../../../../functions/lib/fabric/channel-update/changes/organizations.ts';
import { computeUpdate } from '../../../../../functions/lib/fabric/channel-update/compute.ts';
import { configOf } from '../../../../../functions/lib/fabric/config-block.ts';
import { channelGenesis, type GenesisSpec } from '../../../../../functions/lib/fabric/genesis.ts';
import { nodes, shop, spec } from '../spec.ts';

type Consensus = GenesisSpec['consensus'];

const config = (consensus: Consensus, orderers = nodes): common.Config =>
  configOf(channelGenesis(spec({ consensus, orderers })));

const orderers = (one: common.Config): common.ConfigGroup =>
  one.getChannelGroup()!.getGroupsMap().get('Orderer')!;

const bytesIn = (group: common.ConfigGroup, name: string): Uint8Array =>
  group.getValuesMap().get(name)!.getValue_asU8();

function raftConsenters(one: common.Config): orderer.etcdraft.Consenter[] {
  const type = orderer.ConsensusType.deserializeBinary(bytesIn(orderers(one), 'ConsensusType'));
  return orderer.etcdraft.ConfigMetadata.deserializeBinary(
    type.getMetadata_asU8(),
  ).getConsentersList();
}

const bftConsenters = (one: common.Config): common.Consenter[] =>
  common.Orderers.deserializeBinary(bytesIn(orderers(one), 'Orderers')).getConsenterMappingList();

function blockSigners(one: common.Config): { needed: number; of: number } {
  const policy = orderers(one).getPoliciesMap().get('BlockValidation')!.getPolicy()!;
  const envelope = common.SignaturePolicyEnvelope.deserializeBinary(policy.getValue_asU8());
  return {
    needed: envelope.getRule()!.getNOutOf()!.getN(),
    of: envelope.getIdentitiesList().length,
  };
}

const hosts = (list: readonly { getHost(): string }[]): string[] =>
  list.map((one) => one.getHost());

const [first, second, third, fourth] = nodes as [
  (typeof nodes)[0],
  (typeof nodes)[0],
  (typeof nodes)[0],
  (typeof nodes)[0],
];
const added = { ...fourth, mspId: 'ShopMSP' };

const changes: [sentence: string, change: Change][] = [
  ['a consenter comes', addConsenter({ ...added, host: 'another' })],
  ['a consenter goes', removeConsenter(third)],
  [
    'a consenter has another certificate',
    replaceConsenter({ ...first, mspId: 'FarmMSP', clientTlsCert: shop.tls.certificate }),
  ],
  ['orderers are found elsewhere', setOrdererEndpoints('farm', ['elsewhere:7050'])],
  ['an anchor peer comes', addAnchorPeer('farm', { host: 'farm-peer-1', port: 7051 })],
];
for (const [sentence, change] of changes) {
  for (const consensus of ['raft', 'bft'] as const) {
    test(`${sentence} (${consensus}): made twice, it is no difference`, (t) => {
      const before = config(consensus);
      const bytes = before.serializeBinary();
      const after = change(before);
      t.deepEqual(before.serializeBinary(), bytes, 'what was given stays as it was');
      t.truthy(computeUpdate('goods', before, after));
      t.is(computeUpdate('goods', after, change(after)), undefined);
    });
  }
}

test('an update of the consenters of raft holds their value and nothing else', (t) => {
  const before = config('raft');
  const update = computeUpdate('goods', before, removeConsenter(third)(before))!;
  const written = update.getWriteSet()!.getGroupsMap().get('Orderer')!;
  t.deepEqual([...Iterator.from(written.getValuesMap().keys())], ['ConsensusType']);
  t.is(written.getPoliciesMap().getLength() + written.getGroupsMap().getLength(), 0);
});

test('a consenter of raft that goes and comes is the last of the list', (t) => {
  const before = config('raft', nodes.slice(0, 3));
  const without = removeConsenter(second)(before);
  t.deepEqual(hosts(raftConsenters(without)), [first.host, third.host]);
  const after = addConsenter({ ...second, mspId: 'FarmMSP' })(without);
  t.deepEqual(hosts(raftConsenters(after)), [first.host, third.host, second.host]);
});

test('a consenter of bft comes by a number that none has, and blocks need its signature too', (t) => {
  const before = config('bft', nodes.slice(0, 3));
  t.deepEqual(blockSigners(before), { needed: 2, of: 3 });
  const after = addConsenter(added)(before);
  t.deepEqual(
    bftConsenters(after)
      .map((one) => [one.getId(), one.getHost(), one.getMspId()])
      .at(-1),
    [4, fourth.host, 'ShopMSP'],
  );
  t.deepEqual(blockSigners(after), { needed: 3, of: 4 });
  t.deepEqual(blockSigners(removeConsenter(fourth)(after)), { needed: 2, of: 3 });
});

test('a consenter with another certificate keeps its place and its number', (t) => {
  const renewed = { ...second, mspId: 'FarmMSP', serverTlsCert: shop.tls.certificate };
  const raft = replaceConsenter(renewed)(config('raft'));
  t.deepEqual(
    hosts(raftConsenters(raft)),
    nodes.map(({ host }) => host),
  );
  t.is(
    Buffer.from(raftConsenters(raft)[1]!.getServerTlsCert_asU8()).toString().trim(),
    shop.tls.certificate.trim(),
  );
  const bft = replaceConsenter(renewed)(config('bft'));
  t.deepEqual(
    bftConsenters(bft).map((one) => one.getId()),
    [1, 2, 3, 4],
  );
});

test('anchor peers that there are stay', (t) => {
  const after = addAnchorPeer('farm', { host: 'farm-peer-1', port: 7051 })(config('raft'));
  const group = after
    .getChannelGroup()!
    .getGroupsMap()
    .get('Application')!
    .getGroupsMap()
    .get('farm')!;
  const anchors = peer.AnchorPeers.deserializeBinary(bytesIn(group, 'AnchorPeers'));
  t.deepEqual(hosts(anchors.getAnchorPeersList()), ['farm-peer-0', 'farm-peer-1']);
});

test('an organization that the channel has not is refused by its name', (t) => {
  const change = addAnchorPeer('bank', { host: 'bank-peer-0', port: 7051 });
  t.throws(() => change(config('raft')), { name: 'BadRequest', message: /Application\/bank/ });
});
