import type { changeChannel } from '../lib/fabric/channel-update/change-channel.ts';
import type { Identity, PeerEndpoint } from '../lib/fabric/connection.ts';
import type { approve, commit } from '../lib/fabric/lifecycle.ts';
import type { OrdererClient } from '../lib/fabric/orderer.ts';
import type { Participation, ParticipationOptions } from '../lib/fabric/participation.ts';
import type { PeerClient } from '../lib/fabric/peer.ts';
import type { Broker } from '../lib/function/broker.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import type { Vault } from '../lib/vault/client.ts';
import type { Identities } from '../lib/vault/identities.ts';
import type { Settings } from './resources/plan.ts';

/** How a pass speaks to Fabric. */
export interface Fabric {
  connectPeer(endpoint: PeerEndpoint, identity: Identity): PeerClient;
  connectOrderer(endpoint: PeerEndpoint, identity: Identity): OrdererClient;
  connectParticipation(options: ParticipationOptions): Participation;
  approve: typeof approve;
  commit: typeof commit;
  changeChannel: typeof changeChannel;
}

/** All that provisioning reaches; made in main.ts, replaced by fakes in tests. */
export interface Clients {
  kubernetes: Kubernetes;
  vault: Vault;
  identities: Identities;
  fabric: Fabric;
  broker: Broker;
  settings: Settings;
  /** The files of a builtin chaincode, by path. */
  builtin(name: string): Promise<Record<string, Uint8Array>>;
  log: Logger;
  now: () => Date;
}
