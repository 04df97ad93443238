/** Every name provisioning gives: of objects, hosts, keys of Secrets, paths in Vault. */
import { labels } from '../../lib/network.ts';

/** What a StatefulSet of a network runs. */
export type Tier = 'orderer' | 'peer';

/** Most members one organization can have of a tier: the bounds of the spec (peers, orderers). */
export const MOST_MEMBERS: Record<Tier, number> = { orderer: 9, peer: 8 };

export const ports = {
  peer: 7051,
  /** Of the launcher's relay, and behind it Fabric's own. */
  chaincode: 7053,
  chaincodePrivate: 7052,
  peerOperations: 9443,
  orderer: 7050,
  ordererAdmin: 9443,
  ordererOperations: 8443,
} as const;

/** The network a name belongs to. `domain` is the cluster's, e.g. `cluster.local`. */
export interface NetworkId {
  namespace: string;
  network: string;
}

/** StatefulSet, headless Service, PodDisruptionBudget: one per organization and tier. */
export const workload = ({ network }: NetworkId, organization: string, tier: Tier): string =>
  `${network}-${organization}-${tier}`;

export const podName = (id: NetworkId, organization: string, tier: Tier, ordinal: number): string =>
  `${workload(id, organization, tier)}-${ordinal}`;

/** The stable name a member is reached by, whatever node it runs on. Fully qualified. */
export const host = (
  id: NetworkId & { domain: string },
  organization: string,
  tier: Tier,
  ordinal: number,
): string => {
  const service = workload(id, organization, tier);
  return `${service}-${ordinal}.${service}.${id.namespace}.svc.${id.domain}`;
};

/** The Secret with the identities of a StatefulSet's pods. */
export const identitySecret = (id: NetworkId, organization: string, tier: Tier): string =>
  `${workload(id, organization, tier)}-identity`;

/** The claim template's name; the claim of a pod is `data-<pod>`. */
export const VOLUME = 'data';

/** The ConfigMap with a channel's first block. Channel names may hold `.`, object names too. */
export const genesisConfigMap = ({ network }: NetworkId, channel: string): string =>
  `${network}-${channel}-genesis`;

/**
 * ServiceAccount, Role and RoleBinding of the launcher in an organization's peers. The admission
 * policy (knative/base/chaincode) reads network and organization from it; neither holds a dot.
 */
export const launcher = ({ network }: NetworkId, organization: string): string =>
  `selvedge-peer.${network}.${organization}`;

/** What chaincode pods run as: an account without any right. The launcher knows it by this name. */
export const CHAINCODE_ACCOUNT = 'chaincode';

/** The budget over all orderers of a network. */
export const ordererBudget = ({ network }: NetworkId): string => `${network}-orderers`;

/** The Lease that keeps two passes over a network apart. */
export const passLease = ({ network }: NetworkId): string => `${network}-pass`;

/** Keys in an identity Secret that all pods share, and those of one pod. */
export const sharedKeys = { mspCa: 'msp-ca.crt', tlsCa: 'tls-ca.crt', ous: 'config.yaml' } as const;
export const adminCaKey = 'admin-ca.crt';
export const memberKeys = (ordinal: number) =>
  ({
    mspCertificate: `${ordinal}-msp.crt`,
    mspKey: `${ordinal}-msp.key`,
    tlsCertificate: `${ordinal}-tls.crt`,
    tlsKey: `${ordinal}-tls.key`,
  }) as const;

/** Which CA of an organization: of its members, of its servers, of who may administer orderers. */
export type AuthorityKind = 'msp' | 'tls' | 'admin';
export const authorityKinds: readonly AuthorityKind[] = ['msp', 'tls', 'admin'];

/** The mount of a CA in Vault. */
export const pkiMount = (
  { namespace, network }: NetworkId,
  organization: string,
  kind: AuthorityKind,
): string => `fabric/${namespace}/${network}/${organization}/${kind}`;

/** Where the data functions find their connection, in Vault's KV version 2. */
export const connectionPath = ({ namespace, network }: NetworkId): string =>
  `selvedge/data/networks/${namespace}/${network}`;

/** The same with all its versions, for removing it. */
export const connectionMetadataPath = ({ namespace, network }: NetworkId): string =>
  `selvedge/metadata/networks/${namespace}/${network}`;

/** A network of its own, whatever others had its name: `uid` is that of its resource. */
export interface Incarnation {
  id: NetworkId;
  uid: string;
}

/** Below it lies what only provisioning may read of a network, in Vault's KV version 2. */
export const keptPath = (network: Incarnation): string => `selvedge/data/${keptBelow(network)}`;

/** The same with all its versions, for removing it. */
export const keptMetadataPath = (network: Incarnation): string =>
  `selvedge/metadata/${keptBelow(network)}`;

/** A network made again under an old name does not meet the old one's. */
const keptBelow = ({ id: { namespace, network }, uid }: Incarnation): string =>
  `fabric/${namespace}/${network}/${uid}`;

/** Picks everything made for a network. */
export const selectorOf = ({ network }: NetworkId): string => `${labels.network}=${network}`;
