/** How orderers agree: Raft (crash faults) or SmartBFT (Byzantine faults), with its parameters. */
import { common, msp, orderer } from '@hyperledger/fabric-protos';
import { BadRequest } from '../../errors.ts';
import { nOutOf } from '../signature-policy.ts';
import { certificateBytes, implicitMeta, signedBy, type Message } from './config.ts';
import type { ConsenterSpec, GenesisSpec, OrdererSpec } from './spec.ts';

/** What of the orderer group depends on the kind of consensus. */
export interface Consensus {
  values: Record<string, Message>;
  blockValidation: common.Policy;
}

export function consensusOf(spec: GenesisSpec): Consensus {
  return spec.consensus === 'bft' ? bft(spec) : raft(spec.orderers);
}

/**
 * An election begins after one to two times `tick × electionTicks` without a leader: 0.7 to 1.4 s. One that a busy
 * machine causes for nothing costs as much: a follower asks the others first (PreVote), and who hears the leader
 * says no.
 */
const raftTiming = { tick: '100ms', electionTicks: 7, heartbeatTicks: 1 };
const maxInflightBlocks = 5;
const snapshotBytes = 16 * 1024 * 1024;

function raft(orderers: readonly OrdererSpec[]): Consensus {
  const options = new orderer.etcdraft.Options();
  options.setTickInterval(raftTiming.tick);
  options.setElectionTick(raftTiming.electionTicks);
  options.setHeartbeatTick(raftTiming.heartbeatTicks);
  options.setMaxInflightBlocks(maxInflightBlocks);
  options.setSnapshotIntervalSize(snapshotBytes);

  const metadata = new orderer.etcdraft.ConfigMetadata();
  metadata.setOptions(options);
  metadata.setConsentersList(orderers.map(raftConsenter));

  return {
    values: { ConsensusType: consensusType('etcdraft', metadata) },
    // Not `Writers`: where an organization runs orderers and peers, its clients sign no blocks.
    blockValidation: implicitMeta('ANY', 'BlockSigners'),
  };
}

export function raftConsenter(node: Omit<OrdererSpec, 'organization'>): orderer.etcdraft.Consenter {
  const { host, port, clientTlsCert, serverTlsCert } = node;
  const consenter = new orderer.etcdraft.Consenter();
  consenter.setHost(host);
  consenter.setPort(port);
  consenter.setClientTlsCert(certificateBytes(clientTlsCert));
  consenter.setServerTlsCert(certificateBytes(serverTlsCert));
  return consenter;
}

function bft(spec: GenesisSpec): Consensus {
  const mspIds = new Map(spec.organizations.map(({ name, mspId }) => [name, mspId]));
  const consenters = spec.orderers.map((node, index) =>
    bftConsenter({ ...node, mspId: mspIds.get(node.organization) ?? '' }, index + 1),
  );
  const mapping = new common.Orderers();
  mapping.setConsenterMappingList(consenters);
  return {
    values: { ConsensusType: consensusType('BFT', bftOptions()), Orderers: mapping },
    blockValidation: quorumOf(consenters),
  };
}

/** @throws BadRequest when the orderer's signing certificate is not said */
export function bftConsenter(node: ConsenterSpec, id: number): common.Consenter {
  if (node.identity === undefined) {
    throw new BadRequest(`orderer ${node.host} needs its signing certificate for consensus bft`);
  }
  const consenter = new common.Consenter();
  consenter.setId(id);
  consenter.setHost(node.host);
  consenter.setPort(node.port);
  consenter.setMspId(node.mspId);
  consenter.setIdentity(certificateBytes(node.identity));
  consenter.setClientTlsCert(certificateBytes(node.clientTlsCert));
  consenter.setServerTlsCert(certificateBytes(node.serverTlsCert));
  return consenter;
}

/** SmartBFT's own defaults, with a leader given up after 10 s rather than a minute. */
function bftOptions(): orderer.smartbft.Options {
  const options = new orderer.smartbft.Options();
  options.setRequestBatchMaxCount(100);
  options.setRequestBatchMaxBytes(10 * 1024 * 1024);
  options.setRequestBatchMaxInterval('50ms');
  options.setIncomingMessageBufferSize(200);
  options.setRequestPoolSize(400);
  options.setRequestForwardTimeout('2s');
  options.setRequestComplainTimeout('5s');
  options.setRequestAutoRemoveTimeout('3m0s');
  options.setRequestMaxBytes(10 * 1024 * 1024);
  options.setViewChangeResendInterval('2s');
  options.setViewChangeTimeout('10s');
  options.setLeaderHeartbeatTimeout('10s');
  options.setLeaderHeartbeatCount(10);
  options.setCollectTimeout('1s');
  // Fabric turns rotation off: a leader that changes with every block gains nothing there.
  options.setLeaderRotation(orderer.smartbft.Options.Rotation.ROTATION_OFF);
  return options;
}

/** A block is valid with ⌈(n + f + 1) / 2⌉ consenters' signatures, f = ⌊(n − 1) / 3⌋. */
export function quorumOf(consenters: readonly common.Consenter[]): common.Policy {
  const n = consenters.length;
  const faulty = Math.floor((n - 1) / 3);
  const signers = consenters.map((_, index) => {
    const rule = new common.SignaturePolicy();
    rule.setSignedBy(index);
    return rule;
  });
  const envelope = new common.SignaturePolicyEnvelope();
  envelope.setRule(nOutOf(Math.ceil((n + faulty + 1) / 2), signers));
  envelope.setIdentitiesList(consenters.map(identityPrincipal));
  return signedBy(envelope);
}

function identityPrincipal(consenter: common.Consenter): msp.MSPPrincipal {
  const identity = new msp.SerializedIdentity();
  identity.setMspid(consenter.getMspId());
  identity.setIdBytes(consenter.getIdentity());
  const principal = new msp.MSPPrincipal();
  principal.setPrincipalClassification(msp.MSPPrincipal.Classification.IDENTITY);
  principal.setPrincipal(identity.serializeBinary());
  return principal;
}

function consensusType(type: string, metadata: Message): orderer.ConsensusType {
  const message = new orderer.ConsensusType();
  message.setType(type);
  message.setMetadata(metadata.serializeBinary());
  return message;
}
