import { NotFound, Unavailable, Unprocessable } from '../../functions/lib/errors.ts';
import type { PeerEndpoint } from '../../functions/lib/fabric/connection.ts';
import type { Definition } from '../../functions/lib/fabric/lifecycle.ts';
import type {
  ApprovedDefinition,
  CommittedDefinition,
  PeerClient,
} from '../../functions/lib/fabric/peer.ts';
import type { OrdererClient } from '../../functions/lib/fabric/orderer.ts';
import type { ChannelStatus } from '../../functions/lib/fabric/participation.ts';
import type { StoredDefinition } from '../../functions/lib/fabric/definition.ts';
import { endorsementPolicy } from '../../functions/lib/fabric/signature-policy.ts';
import type { Change } from '../../functions/lib/fabric/channel-update/change.ts';
import type { ChannelAccess } from '../../functions/lib/fabric/channel-update/change-channel.ts';
import { blockNumber, configOf, consentersOf } from '../../functions/lib/fabric/config-block.ts';
import { configBlock } from './config-block.ts';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';

interface Peer {
  endpoint: PeerEndpoint;
  channels: Map<string, string>;
  packages: Map<string, Uint8Array>;
}

/** Orderers and peers in memory, as far as joins and the chaincode lifecycle go. */
export class FakeFabric {
  /** By host: the channels it joined, with the hash of the block it joined by. */
  readonly orderers = new Map<string, Map<string, string>>();
  readonly peers = new Map<string, Peer>();
  /** The newest configuration block of each channel. */
  readonly configurations = new Map<string, Uint8Array>();
  /** What changed something, in order. */
  readonly changes: string[] = [];
  /** Called as a chaincode is committed, and when one is asked. */
  onRunning: (peer: string, chaincode: string, packageId: string) => void = () => undefined;
  /** Blocks of a member, where it has more than the first. */
  readonly heights = new Map<string, number>();
  /** The hosts of orderers that know of no leader. */
  readonly strays = new Set<string>();
  /** How many of the next transactions find no leader. */
  leaderless = 0;
  readonly #approved = new Map<string, StoredDefinition & { packageId: string | undefined }>();
  readonly #committed = new Map<string, CommittedDefinition>();

  connectPeer = (endpoint: PeerEndpoint): PeerClient => {
    const { hostname, mspId } = endpoint;
    const known = this.peers.get(hostname);
    const peer = known ?? {
      endpoint,
      channels: new Map(),
      packages: new Map<string, Uint8Array>(),
    };
    this.peers.set(hostname, peer);
    const client: Partial<PeerClient> = {
      endpoint,
      joinedChannels: () => Promise.resolve([...peer.channels.keys()]),
      joinChannel: (block) => {
        peer.channels.set('goods', hash(block));
        this.changes.push(`join ${hostname}`);
        return Promise.resolve();
      },
      installedPackages: () =>
        Promise.resolve([...peer.packages.keys()].map((packageId) => ({ packageId, label: '' }))),
      blockHeight: () => Promise.resolve(this.heights.get(hostname) ?? 1),
      configBlock: (channel) =>
        Promise.resolve(this.configurations.get(channel) ?? new Uint8Array()),
      install: (bytes) => {
        peer.packages.set(`${labelOf(bytes)}:${hash(bytes)}`, bytes);
        this.changes.push(`install ${hostname}`);
        return Promise.resolve();
      },
      installedPackage: (packageId) => {
        const bytes = peer.packages.get(packageId);
        if (!bytes) return Promise.reject(new Unprocessable(`no package ${packageId}`));
        return Promise.resolve(bytes);
      },
      committedDefinitions: (channel) =>
        Promise.resolve(
          [...this.#committed]
            .filter(([key]) => key.startsWith(`${channel}/`))
            .map(([, one]) => one),
        ),
      queryApproved: (channel, name, sequence = 0) =>
        Promise.resolve(this.#approved.get(`${channel}/${name}/${mspId}/${sequence}`)),
      queryCommitted: (channel, name) => Promise.resolve(this.#committed.get(`${channel}/${name}`)),
      query: ({ chaincode }) => {
        this.#launch(hostname, chaincode, peer);
        return Promise.resolve(new Uint8Array());
      },
      close: () => undefined,
    };
    return client as PeerClient;
  };

  connectOrderer = ({ hostname }: PeerEndpoint): OrdererClient => {
    const client: Partial<OrdererClient> = {
      position: (channel) => {
        if (!this.orderers.get(hostname)?.has(channel)) {
          return Promise.reject(new NotFound(`no ${channel}`));
        }
        const height = this.heights.get(hostname) ?? 1;
        return Promise.resolve(this.strays.has(hostname) ? undefined : { height });
      },
      configBlock: (channel) => {
        const block = this.configurations.get(channel);
        return block ? Promise.resolve(block) : Promise.reject(new NotFound(`no ${channel}`));
      },
      close: () => undefined,
    };
    return client as OrdererClient;
  };

  connectParticipation = ({ hostname = '' }: { hostname?: string }) => {
    const channels = this.orderers.get(hostname) ?? new Map<string, string>();
    this.orderers.set(hostname, channels);
    return {
      list: () => Promise.resolve([...channels.keys()]),
      info: (name: string) => Promise.resolve(channels.has(name) ? active(name) : undefined),
      join: (name: string, block: Uint8Array) => {
        if (!channels.has(name)) this.changes.push(`join ${hostname}`);
        channels.set(name, hash(block));
        if (!this.configurations.has(name)) this.configurations.set(name, block);
        return Promise.resolve(active(name));
      },
      remove: () => Promise.resolve(),
    };
  };

  changeChannel = ({ channel }: ChannelAccess, change: Change): Promise<Uint8Array> => {
    const before = this.configurations.get(channel)!;
    const config = change(configOf(before));
    const block = configBlock(config, blockNumber(before) + 1);
    this.configurations.set(channel, block);
    this.changes.push(`${channel} is ordered by ${consentersOf(block).length}`);
    return Promise.resolve(block);
  };

  #launch(host: string, chaincode: string, { packages }: Peer): void {
    for (const packageId of packages.keys()) {
      if (packageId.startsWith(`${chaincode}:`)) this.onRunning(host, chaincode, packageId);
    }
  }

  approve = (peer: PeerClient, channel: string, definition: Definition, packageId?: string) => {
    if (this.leaderless-- > 0) return Promise.reject(new Unavailable('no leader yet'));
    const { mspId } = peer.endpoint;
    const stored: ApprovedDefinition = { ...storedAs(definition), packageId };
    this.#approved.set(`${channel}/${definition.name}/${mspId}/${definition.sequence}`, stored);
    const what = packageId === undefined ? 'withdraw' : 'approve';
    this.changes.push(`${what} ${mspId} ${definition.name} ${definition.sequence}`);
    return Promise.resolve({ transactionId: 'tx', block: 1n });
  };

  commit = (endorsers: readonly PeerClient[], channel: string, definition: Definition) => {
    const approvals = Object.fromEntries(endorsers.map(({ endpoint }) => [endpoint.mspId, true]));
    this.#committed.set(`${channel}/${definition.name}`, { ...storedAs(definition), approvals });
    this.changes.push(`commit ${definition.name} ${definition.sequence}`);
    for (const [host, peer] of this.peers) this.#launch(host, definition.name, peer);
    return Promise.resolve({ transactionId: 'tx', block: 2n });
  };
}

const active = (name: string): ChannelStatus => ({
  name,
  status: 'active',
  consensusRelation: 'consenter',
  height: 1,
});

function storedAs(definition: Definition): StoredDefinition {
  return {
    name: definition.name,
    version: definition.version,
    sequence: definition.sequence,
    validationParameter: Buffer.from(policyOf(definition)),
    collections: Buffer.alloc(0),
    initRequired: false,
  };
}

const policyOf = ({ endorsementPolicy: policy }: Definition): Uint8Array =>
  policy instanceof Uint8Array ? policy : endorsementPolicy(policy);

/** The label of a package, as its metadata.json has it. */
const labelOf = (bytes: Uint8Array): string =>
  /"label":"([^"]+)"/.exec(gunzipSync(bytes).toString())?.[1] ?? '';

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
