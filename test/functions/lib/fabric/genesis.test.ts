import { createHash } from 'node:crypto';
import test from 'ava';
import { common, msp, orderer, peer } from '@hyperledger/fabric-protos';
import { channelGenesis } from '../../../../functions/lib/fabric/genesis.ts';
import { blockNumber, consentersOf } from '../../../../functions/lib/fabric/config-block.ts';
import { farm, nodes, organization, shop, spec } from './spec.ts';

function decode(bytes: Buffer) {
  const block = common.Block.deserializeBinary(bytes);
  const [data = new Uint8Array()] = block.getData()!.getDataList_asU8();
  const envelope = common.Envelope.deserializeBinary(data);
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const header = common.ChannelHeader.deserializeBinary(
    payload.getHeader()!.getChannelHeader_asU8(),
  );
  const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig()!;
  return { block, data, payload, header, root: config.getChannelGroup()! };
}

function at(root: common.ConfigGroup, ...path: string[]): common.ConfigGroup {
  return path.reduce((group, name) => group.getGroupsMap().get(name)!, root);
}

const names = (map: { keys(): Iterator<string> }): string[] => [...Iterator.from(map.keys())];

function value<M>(
  group: common.ConfigGroup,
  name: string,
  type: { deserializeBinary(bytes: Uint8Array): M },
): M {
  return type.deserializeBinary(group.getValuesMap().get(name)!.getValue_asU8());
}

/** A policy as text: `MAJORITY Admins`, or the roles a signature policy names. */
function policyText(group: common.ConfigGroup, name: string): string {
  const policy = group.getPoliciesMap().get(name)!.getPolicy()!;
  if (policy.getType() === common.Policy.PolicyType.IMPLICIT_META) {
    const meta = common.ImplicitMetaPolicy.deserializeBinary(policy.getValue_asU8());
    return `${['ANY', 'ALL', 'MAJORITY'][meta.getRule()]} ${meta.getSubPolicy()}`;
  }
  const envelope = common.SignaturePolicyEnvelope.deserializeBinary(policy.getValue_asU8());
  const roles = envelope.getIdentitiesList().map((principal) => {
    const role = msp.MSPRole.deserializeBinary(principal.getPrincipal_asU8());
    const kind = ['member', 'admin', 'client', 'peer', 'orderer'][role.getRole()];
    return `${role.getMspIdentifier()}.${kind}`;
  });
  return `${envelope.getRule()!.getNOutOf()!.getN()} of ${roles.join(' ')}`;
}

/** PEM as Go writes it. */
const goText = (pem: string): string => `${pem.trim()}\n`;

test('the same spec gives the same bytes, in whatever order it lists organizations', (t) => {
  const bytes = channelGenesis(spec());
  t.deepEqual(channelGenesis(spec()), bytes);
  t.deepEqual(
    channelGenesis(spec({ organizations: [organization(shop), organization(farm)] })),
    bytes,
  );
});

test('the same certificate, however it is spelt, gives the same bytes', (t) => {
  const spelt = organization(farm, { rootCert: `\n${farm.msp.certificate}\n\n` });
  t.deepEqual(
    channelGenesis(spec({ organizations: [spelt, organization(shop)] })),
    channelGenesis(spec()),
  );
});

test('another channel, orderer or CA gives other bytes', (t) => {
  const bytes = channelGenesis(spec());
  t.notDeepEqual(channelGenesis(spec({ channel: 'other' })), bytes);
  t.notDeepEqual(channelGenesis(spec({ orderers: nodes.slice(0, 1) })), bytes);
});

test('the block is number 0, holds one configuration of the channel, and hashes it', (t) => {
  const { block, data, header, payload } = decode(channelGenesis(spec()));
  t.is(block.getHeader()!.getNumber(), 0);
  t.is(block.getHeader()!.getPreviousHash_asU8().length, 0);
  t.deepEqual(
    Buffer.from(block.getHeader()!.getDataHash_asU8()),
    createHash('sha256').update(data).digest(),
  );
  t.is(header.getChannelId(), 'goods');
  t.is(header.getType(), common.HeaderType.CONFIG);
  const { [0]: nonce } = [
    common.SignatureHeader.deserializeBinary(
      payload.getHeader()!.getSignatureHeader_asU8(),
    ).getNonce_asU8(),
  ];
  t.is(header.getTxId(), createHash('sha256').update(nonce).digest('hex'));
  t.is(block.getMetadata()!.getMetadataList().length, 5);
});

test('maps are written in the order of their keys', (t) => {
  const { root } = decode(channelGenesis(spec()));
  const groups = [root, at(root, 'Orderer'), at(root, 'Application'), at(root, 'Orderer', 'shop')];
  for (const group of groups) {
    const maps = [group.getGroupsMap(), group.getValuesMap(), group.getPoliciesMap()];
    for (const map of maps) t.deepEqual(names(map), names(map).sort());
  }
});

const policies: [path: string[], policy: string, text: string][] = [
  [[], 'Readers', 'ANY Readers'],
  [[], 'Writers', 'ANY Writers'],
  [[], 'Admins', 'MAJORITY Admins'],
  [['Application'], 'LifecycleEndorsement', 'MAJORITY Endorsement'],
  [['Application'], 'Endorsement', 'MAJORITY Endorsement'],
  [['Application', 'farm'], 'Endorsement', '1 of FarmMSP.peer'],
  [['Application', 'farm'], 'Writers', '1 of FarmMSP.admin FarmMSP.client'],
  [['Application', 'farm'], 'Admins', '1 of FarmMSP.admin'],
  [['Orderer'], 'BlockValidation', 'ANY BlockSigners'],
  [['Orderer', 'shop'], 'BlockSigners', '1 of ShopMSP.orderer'],
];
for (const [path, policy, text] of policies) {
  test(`the policy /${['Channel', ...path, policy].join('/')} is ${text}`, (t) => {
    t.is(policyText(at(decode(channelGenesis(spec())).root, ...path), policy), text);
  });
}

test('an organization is told to others by its CAs, roles and anchor peers', (t) => {
  const group = at(decode(channelGenesis(spec())).root, 'Application', 'farm');
  const config = value(group, 'MSP', msp.MSPConfig);
  const fabric = msp.FabricMSPConfig.deserializeBinary(config.getConfig_asU8());
  t.is(fabric.getName(), 'FarmMSP');
  t.is(Buffer.from(fabric.getRootCertsList_asU8()[0]!).toString(), goText(farm.msp.certificate));
  t.is(Buffer.from(fabric.getTlsRootCertsList_asU8()[0]!).toString(), goText(farm.tls.certificate));
  t.true(fabric.getFabricNodeOus()!.getEnable());
  t.is(
    fabric.getFabricNodeOus()!.getOrdererOuIdentifier()!.getOrganizationalUnitIdentifier(),
    'orderer',
  );
  t.deepEqual(value(group, 'AnchorPeers', peer.AnchorPeers).toObject().anchorPeersList, [
    { host: 'farm-peer-0', port: 7051 },
  ]);
});

test('an organization lists the endpoints of its own orderers only', (t) => {
  const { root } = decode(channelGenesis(spec()));
  const endpoints = (name: string) =>
    value(at(root, 'Orderer', name), 'Endpoints', common.OrdererAddresses).getAddressesList();
  t.deepEqual(endpoints('farm'), ['farm-orderer-0:7050', 'farm-orderer-1:7050']);
  t.deepEqual(endpoints('shop'), ['shop-orderer-2:7050']);
});

test('an organization appears only in the groups of the roles it has', (t) => {
  const { root } = decode(
    channelGenesis(
      spec({
        organizations: [
          organization(farm, { isApplication: false }),
          organization(shop, { isOrderer: false, anchorPeers: [] }),
        ],
      }),
    ),
  );
  t.deepEqual(names(at(root, 'Orderer').getGroupsMap()), ['farm']);
  t.deepEqual(names(at(root, 'Application').getGroupsMap()), ['shop']);
  t.deepEqual(names(at(root, 'Application', 'shop').getValuesMap()), ['MSP']);
});

test('raft pins the TLS certificates of its consenters', (t) => {
  const { root } = decode(channelGenesis(spec()));
  const type = value(at(root, 'Orderer'), 'ConsensusType', orderer.ConsensusType);
  t.is(type.getType(), 'etcdraft');
  const metadata = orderer.etcdraft.ConfigMetadata.deserializeBinary(type.getMetadata_asU8());
  t.deepEqual(
    metadata.getConsentersList().map((one) => [one.getHost(), one.getPort()]),
    nodes.slice(0, 3).map(({ host, port }) => [host, port]),
  );
  const [first] = metadata.getConsentersList();
  t.is(Buffer.from(first!.getServerTlsCert_asU8()).toString(), goText(nodes[0]!.serverTlsCert));
  t.deepEqual(names(value(root, 'Capabilities', common.Capabilities).getCapabilitiesMap()), [
    'V2_0',
  ]);
});

test('bft asks for Fabric 3 and a quorum of consenters under every block', (t) => {
  const { root } = decode(channelGenesis(spec({ consensus: 'bft', orderers: nodes })));
  const group = at(root, 'Orderer');
  t.is(value(group, 'ConsensusType', orderer.ConsensusType).getType(), 'BFT');
  t.deepEqual(
    value(group, 'Orderers', common.Orderers)
      .getConsenterMappingList()
      .map((one) => [one.getId(), one.getMspId()]),
    [
      [1, 'FarmMSP'],
      [2, 'FarmMSP'],
      [3, 'ShopMSP'],
      [4, 'ShopMSP'],
    ],
  );
  const policy = group.getPoliciesMap().get('BlockValidation')!.getPolicy()!;
  const quorum = common.SignaturePolicyEnvelope.deserializeBinary(policy.getValue_asU8());
  t.is(quorum.getRule()!.getNOutOf()!.getN(), 3);
  t.deepEqual(names(value(root, 'Capabilities', common.Capabilities).getCapabilitiesMap()), [
    'V3_0',
  ]);
});

test('bft without signing certificates is refused', (t) => {
  const orderers = nodes.map(({ identity: _, ...node }) => node);
  t.throws(() => channelGenesis(spec({ consensus: 'bft', orderers })), { name: 'BadRequest' });
});

for (const consensus of ['raft', 'bft'] as const) {
  test(`the consenters of a ${consensus} channel are read from its block`, (t) => {
    const block = channelGenesis(spec({ consensus, orderers: nodes }));
    t.is(blockNumber(block), 0);
    t.deepEqual(
      consentersOf(block),
      nodes.map(({ host, port }) => ({ host, port })),
    );
  });
}

test('what is no configuration block names no consenters', (t) => {
  t.throws(() => consentersOf(new Uint8Array()), { message: /no configuration/ });
});
