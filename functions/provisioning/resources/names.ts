/** Every name provisioning gives: of objects, hosts, keys of Secrets, paths in Vault. */
import { createHash } from 'node:crypto';
import { labels } from '../../lib/network.ts';

/** What a StatefulSet of a network runs. */
export type Tier = 'orderer' | 'peer';

/** Most members one organization can have of a tier: the bounds of the spec (peers, orderers). */
export const mostMembers: Record<Tier, number> = { orderer: 9, peer: 8 };

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

/** A network's resource: the namespace it is declared in, and its name. */
export interface NetworkId {
  namespace: string;
  network: string;
}

/** Where a network lives, and which of all that had its name it is. */
export interface Place {
  network: string;
  /** The namespace of its resource. */
  home: string;
  /** The UID of its resource: its incarnation. */
  uid: string;
  /** The namespace of its own, where all of it runs. */
  namespace: string;
  /** The cluster's DNS domain, e.g. `cluster.local`. */
  domain: string;
}

/** Kubernetes' bound for the name of a namespace. */
const mostLetters = 63;

/**
 * The namespace of a network's own, told apart from those beside its home (`selvedge-storage`).
 * Two networks can only come to the same name where homes are called like networks' namespaces;
 * then the second is refused (steps/namespace.ts).
 */
export function networkNamespace({ namespace, network }: NetworkId): string {
  const name = `${namespace}-net-${network}`;
  if (name.length <= mostLetters) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 10);
  return `${name.slice(0, mostLetters - hash.length - 1)}-${hash}`;
}

/** StatefulSet, its governing Service, PodDisruptionBudget: one per organization and tier. */
export const workload = (organization: string, tier: Tier): string => `${organization}-${tier}`;

/** A member: its pod, and the Service that is the member's for good, whatever pod serves it. */
export const memberName = (organization: string, tier: Tier, index: number): string =>
  `${workload(organization, tier)}-${index}`;

/** Which member has a name, or undefined where it is none of the tier's. */
export function memberOf(
  name: string,
  tier: Tier,
): { organization: string; index: number } | undefined {
  const [, organization, index] = new RegExp(`^(.+)-${tier}-(\\d+)$`).exec(name) ?? [];
  if (organization === undefined || index === undefined) return undefined;
  return { organization, index: Number(index) };
}

/** The stable name a member is reached by, whatever node it runs on. Fully qualified. */
export const host = (
  { namespace, domain }: Pick<Place, 'namespace' | 'domain'>,
  organization: string,
  tier: Tier,
  index: number,
): string => `${memberName(organization, tier, index)}.${namespace}.svc.${domain}`;

/** The same member's name where its network spans clusters (Multi-Cluster Services). */
export const clustersetHost = (
  { namespace }: Pick<Place, 'namespace'>,
  organization: string,
  tier: Tier,
  index: number,
): string => host({ namespace, domain: 'clusterset.local' }, organization, tier, index);

/** The Secret with the identities of a StatefulSet's pods. */
export const identitySecret = (organization: string, tier: Tier): string =>
  `${workload(organization, tier)}-identity`;

/** The claim template's name; the claim of a pod is `data-<pod>`. */
export const volumeName = 'data';

/** The ConfigMap with a channel's first block. Channel names may hold `.`, object names too. */
export const genesisConfigMap = (channel: string): string => `genesis-${channel}`;

/**
 * ServiceAccount, Role and RoleBinding of the launcher in an organization's peers. The admission
 * policy (knative/base/chaincode) reads network and organization from it; neither holds a dot.
 */
export const launcher = ({ network }: Pick<Place, 'network'>, organization: string): string =>
  `selvedge-peer.${network}.${organization}`;

/** What chaincode pods run as: an account without any right. The launcher knows it by this name. */
export const chaincodeAccountName = 'chaincode';

/** The budget over all orderers of a network. */
export const ordererBudgetName = 'orderers';

/** With the value `true`, on namespaces whose pods may reach a network's peers: its applications run there. */
export const applicationsLabel = ({ namespace }: Pick<Place, 'namespace'>): string =>
  `applications.selvedge.dev/${namespace}`;

/** The Lease that keeps two passes over a network apart, beside its resource. */
export const passLease = ({ network }: Pick<Place, 'network'>): string => `${network}-pass`;

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

/** The mount of a CA in Vault: of this incarnation, so that one made again has its own. */
export const pkiMount = (
  { uid }: Pick<Place, 'uid'>,
  organization: string,
  kind: AuthorityKind,
): string => `fabric/${uid}/${organization}/${kind}`;

/** Where the data functions find their connection, in Vault's KV version 2. */
export const connectionPath = ({ home, network }: Pick<Place, 'home' | 'network'>): string =>
  `selvedge/data/networks/${home}/${network}`;

/** The same with all its versions, for removing it. */
export const connectionMetadataPath = ({
  home,
  network,
}: Pick<Place, 'home' | 'network'>): string => `selvedge/metadata/networks/${home}/${network}`;

/** Below it lies what only provisioning may read of a network, in Vault's KV version 2. */
export const keptPath = (place: Kept): string => `selvedge/data/${keptBelow(place)}`;

/** The same with all its versions, for removing it. */
export const keptMetadataPath = (place: Kept): string => `selvedge/metadata/${keptBelow(place)}`;

/** A network made again under an old name does not meet the old one's. */
const keptBelow = ({ home, network, uid }: Kept): string => `fabric/${home}/${network}/${uid}`;

type Kept = Pick<Place, 'home' | 'network' | 'uid'>;

/** Picks everything made for a network. */
export const selectorOf = ({ network }: Pick<Place, 'network'>): string =>
  `${labels.network}=${network}`;
