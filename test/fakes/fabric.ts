import { Unavailable } from '../../functions/lib/errors.ts';
import type { PeerEndpoint } from '../../functions/lib/fabric/connection.ts';
import type { Definition } from '../../functions/lib/fabric/lifecycle.ts';
import type {
  ApprovedDefinition,
  CommittedDefinition,
  PeerClient,
} from '../../functions/lib/fabric/peer.ts';
import type { ChannelStatus } from '../../functions/lib/fabric/participation.ts';
import type { StoredDefinition } from '../../functions/lib/fabric/definition.ts';
import { endorsementPolicy } from '../../functions/lib/fabric/signature-policy.ts';
import { createHash } from 'node:crypto';

interface Peer {
  endpoint: PeerEndpoint;
  channels: Map<string, string>;
  packages: Set<string>;
}

/** Orderers and peers in memory, as far as joins and the chaincode lifecycle go. */
export class FakeFabric {
  /** By host: the channels it joined, with the hash of the block it joined by. */
  readonly orderers = new Map<string, Map<string, string>>();
  readonly peers = new Map<string, Peer>();
  /** What changed something, in order. */
  readonly changes: string[] = [];
  /** Called as a chaincode is committed, and when one is asked. */
  onRunning: (peer: string, chaincode: string, packageId: string) => void = () => undefined;
  /** How many of the next transactions find no leader. */
  leaderless = 0;
  readonly #approved = new Map<string, StoredDefinition & { packageId: string | undefined }>();
  readonly #committed = new Map<string, CommittedDefinition>();

  connectPeer = (endpoint: PeerEndpoint): PeerClient => {
    const { hostname, mspId } = endpoint;
    const known = this.peers.get(hostname);
    const peer = known ?? { endpoint, channels: new Map(), packages: new Set<string>() };
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
        Promise.resolve([...peer.packages].map((packageId) => ({ packageId, label: '' }))),
      install: (bytes) => {
        peer.packages.add(`anchor:${hash(bytes)}`);
        this.changes.push(`install ${hostname}`);
        return Promise.resolve();
      },
      queryApproved: (channel, name, sequence = 0) =>
        Promise.resolve(this.#approved.get(`${channel}/${name}/${mspId}/${sequence}`)),
      queryCommitted: (channel, name) => Promise.resolve(this.#committed.get(`${channel}/${name}`)),
      query: ({ chaincode }) => {
        for (const packageId of peer.packages) this.onRunning(hostname, chaincode, packageId);
        return Promise.resolve(new Uint8Array());
      },
      close: () => undefined,
    };
    return client as PeerClient;
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
        return Promise.resolve(active(name));
      },
      remove: () => Promise.resolve(),
    };
  };

  approve = (peer: PeerClient, channel: string, definition: Definition, packageId?: string) => {
    if (this.leaderless-- > 0) return Promise.reject(new Unavailable('no leader yet'));
    const { mspId } = peer.endpoint;
    const stored: ApprovedDefinition = { ...storedAs(definition), packageId };
    this.#approved.set(`${channel}/${definition.name}/${mspId}/${definition.sequence}`, stored);
    this.changes.push(`approve ${mspId} ${definition.name} ${definition.sequence}`);
    return Promise.resolve({ transactionId: 'tx', block: 1n });
  };

  commit = (endorsers: readonly PeerClient[], channel: string, definition: Definition) => {
    const approvals = Object.fromEntries(endorsers.map(({ endpoint }) => [endpoint.mspId, true]));
    this.#committed.set(`${channel}/${definition.name}`, { ...storedAs(definition), approvals });
    this.changes.push(`commit ${definition.name} ${definition.sequence}`);
    for (const [host, { packages }] of this.peers) {
      for (const packageId of packages) this.onRunning(host, definition.name, packageId);
    }
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
    validationParameter: Buffer.from(endorsementPolicy(definition.endorsementPolicy)),
    collections: Buffer.alloc(0),
    initRequired: false,
  };
}

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
