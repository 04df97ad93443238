/** A peer as its organization's admin sees it: its channels, packages and chaincode definitions. */
import { common, peer } from '@hyperledger/fabric-protos';
import { Unprocessable } from '../errors.ts';
import type { Identity, PeerEndpoint } from './connection.ts';
import { stored, type StoredDefinition } from './definition.ts';
import { processProposal } from './endorser.ts';
import { shareConnection, type PeerConnection } from './grpc.ts';
import { propose, type Invocation, type Proposal } from './proposals.ts';
import { createSigner, type Signer } from './signer.ts';

const { lifecycle } = peer;

/** Milliseconds a query may take, and what changes a peer: install builds, join makes a ledger. */
const queryTimeout = 10_000;
const changeTimeout = 120_000;

export interface InstalledPackage {
  packageId: string;
  label: string;
}

/** What one organization approved; `packageId` is undefined where it runs no chaincode itself. */
export interface ApprovedDefinition extends StoredDefinition {
  packageId: string | undefined;
}

/** What the channel committed, and which organizations approved exactly that. */
export interface CommittedDefinition extends StoredDefinition {
  approvals: Record<string, boolean>;
}

/**
 * Every call throws Unavailable when the peer does not answer in time, and Unprocessable with
 * its message when it refuses.
 */
export interface PeerClient {
  readonly endpoint: PeerEndpoint;
  readonly signer: Signer;
  readonly connection: PeerConnection;
  joinedChannels(): Promise<string[]>;
  /** Joins by the channel's first block (or a later configuration block). Joined before: fine. */
  joinChannel(block: Uint8Array): Promise<void>;
  installedPackages(): Promise<InstalledPackage[]>;
  /** Installs a package of `package.ts`. Installed before: fine. */
  install(bytes: Uint8Array): Promise<void>;
  /** The bytes of an installed package. */
  installedPackage(packageId: string): Promise<Uint8Array>;
  /** The number of blocks the peer holds of a channel. */
  blockHeight(channel: string): Promise<number>;
  /** The newest block of a channel that holds its configuration. */
  configBlock(channel: string): Promise<Uint8Array>;
  /** What the peer's organization approved; without `sequence`, its latest. */
  queryApproved(
    channel: string,
    name: string,
    sequence?: number,
  ): Promise<ApprovedDefinition | undefined>;
  queryCommitted(channel: string, name: string): Promise<CommittedDefinition | undefined>;
  /** Every definition that the channel committed. */
  committedDefinitions(channel: string): Promise<StoredDefinition[]>;
  /** Has the peer endorse a proposal; a refusal by the chaincode throws Unprocessable. */
  endorse(proposal: Proposal): Promise<peer.ProposalResponse>;
  /** The result of an invocation on this very peer, not ordered. */
  query(invocation: Invocation): Promise<Uint8Array>;
  close(): void;
}

/** The identity must be an admin of the peer's organization (NodeOU `admin`). */
export function connectPeer(endpoint: PeerEndpoint, identity: Identity): PeerClient {
  return new GrpcPeer(endpoint, createSigner(identity));
}

class GrpcPeer implements PeerClient {
  readonly endpoint: PeerEndpoint;
  readonly signer: Signer;
  readonly connection: PeerConnection;

  constructor(endpoint: PeerEndpoint, signer: Signer) {
    this.endpoint = endpoint;
    this.signer = signer;
    this.connection = shareConnection(endpoint);
  }

  async joinedChannels(): Promise<string[]> {
    const bytes = await this.query({ channel: '', chaincode: 'cscc', args: ['GetChannels'] });
    return peer.ChannelQueryResponse.deserializeBinary(bytes)
      .getChannelsList()
      .map((channel) => channel.getChannelId());
  }

  async joinChannel(block: Uint8Array): Promise<void> {
    try {
      await this.#change({ channel: '', chaincode: 'cscc', args: ['JoinChain', block] });
    } catch (error) {
      if (!says(error, 'already exists with state [ACTIVE]')) throw error;
    }
  }

  async installedPackages(): Promise<InstalledPackage[]> {
    const args = new lifecycle.QueryInstalledChaincodesArgs();
    const bytes = await this.#lifecycle('', 'QueryInstalledChaincodes', args);
    return lifecycle.QueryInstalledChaincodesResult.deserializeBinary(bytes)
      .getInstalledChaincodesList()
      .map((one) => ({ packageId: one.getPackageId(), label: one.getLabel() }));
  }

  async install(bytes: Uint8Array): Promise<void> {
    const args = new lifecycle.InstallChaincodeArgs();
    args.setChaincodeInstallPackage(bytes);
    try {
      await this.#change({
        channel: '',
        chaincode: '_lifecycle',
        args: ['InstallChaincode', args.serializeBinary()],
      });
    } catch (error) {
      if (!says(error, 'already successfully installed')) throw error;
    }
  }

  async installedPackage(packageId: string): Promise<Uint8Array> {
    const args = new lifecycle.GetInstalledChaincodePackageArgs();
    args.setPackageId(packageId);
    const bytes = await this.#lifecycle('', 'GetInstalledChaincodePackage', args);
    return lifecycle.GetInstalledChaincodePackageResult.deserializeBinary(
      bytes,
    ).getChaincodeInstallPackage_asU8();
  }

  async blockHeight(channel: string): Promise<number> {
    const bytes = await this.query({ channel, chaincode: 'qscc', args: ['GetChainInfo', channel] });
    return common.BlockchainInfo.deserializeBinary(bytes).getHeight();
  }

  configBlock(channel: string): Promise<Uint8Array> {
    return this.query({ channel, chaincode: 'cscc', args: ['GetConfigBlock', channel] });
  }

  async queryApproved(
    channel: string,
    name: string,
    sequence = 0,
  ): Promise<ApprovedDefinition | undefined> {
    const args = new lifecycle.QueryApprovedChaincodeDefinitionArgs();
    args.setName(name);
    args.setSequence(sequence);
    const bytes = await absent(
      this.#lifecycle(channel, 'QueryApprovedChaincodeDefinition', args),
      'could not fetch approved chaincode definition',
    );
    if (!bytes) return undefined;
    const result = lifecycle.QueryApprovedChaincodeDefinitionResult.deserializeBinary(bytes);
    const packageId = result.getSource()?.getLocalPackage()?.getPackageId();
    return { ...stored(name, result), packageId };
  }

  async queryCommitted(channel: string, name: string): Promise<CommittedDefinition | undefined> {
    const args = new lifecycle.QueryChaincodeDefinitionArgs();
    args.setName(name);
    const bytes = await absent(
      this.#lifecycle(channel, 'QueryChaincodeDefinition', args),
      'is not defined',
    );
    if (!bytes) return undefined;
    const result = lifecycle.QueryChaincodeDefinitionResult.deserializeBinary(bytes);
    const approvals = Object.fromEntries(result.getApprovalsMap().entries());
    return { ...stored(name, result), approvals };
  }

  async committedDefinitions(channel: string): Promise<StoredDefinition[]> {
    const args = new lifecycle.QueryChaincodeDefinitionsArgs();
    const bytes = await this.#lifecycle(channel, 'QueryChaincodeDefinitions', args);
    return lifecycle.QueryChaincodeDefinitionsResult.deserializeBinary(bytes)
      .getChaincodeDefinitionsList()
      .map((one) => stored(one.getName(), one));
  }

  endorse(proposal: Proposal): Promise<peer.ProposalResponse> {
    return processProposal(this, proposal, queryTimeout);
  }

  async query(invocation: Invocation): Promise<Uint8Array> {
    const response = await this.endorse(await propose(this.signer, invocation));
    return response.getResponse()?.getPayload_asU8() ?? new Uint8Array();
  }

  close(): void {
    this.connection.close();
  }

  #lifecycle(channel: string, name: string, args: { serializeBinary(): Uint8Array }) {
    return this.query({ channel, chaincode: '_lifecycle', args: [name, args.serializeBinary()] });
  }

  async #change(invocation: Invocation): Promise<void> {
    await processProposal(this, await propose(this.signer, invocation), changeTimeout);
  }
}

function says(error: unknown, text: string): boolean {
  return error instanceof Unprocessable && error.message.includes(text);
}

/** Fabric has no status of its own for "there is none" in every query; its message tells. */
async function absent<T>(query: Promise<T>, text: string): Promise<T | undefined> {
  try {
    return await query;
  } catch (error) {
    if (says(error, text)) return undefined;
    throw error;
  }
}
