/**
 * The storage tiers: what they are called, how many members they have and where each is reached.
 * Whatever lists them takes it from here; the manifests, which cannot, are held against it by a test.
 */

/** The namespace of the storage tiers, and of all that opens them. */
export const storageNamespace = 'selvedge-storage';

/** The namespace of the replicated volumes that ledgers lie on; a cluster with volumes of its own has none. */
export const volumesNamespace = 'selvedge-volumes';

export interface Tier {
  members: number;
  /** The headless Service that gives each member its name. */
  internal: string;
  /** The Service for clients that do not care which member answers. */
  service: string;
  /** Where clients are served, by TLS. */
  port: number;
}

export type TierName = 'etcd' | 'minio' | 'vault' | 'rabbitmq';

/** The label of every pod of the storage tiers, and of the volumes; its value is the tier. */
export const tierLabel = 'selvedge.dev/tier';

/** By name: that of the StatefulSet, of its image, and of the label {@link tierLabel}. */
export const tiers: Readonly<Record<TierName, Tier>> = {
  etcd: { members: 3, internal: 'etcd', service: 'etcd-client', port: 2379 },
  minio: { members: 3, internal: 'minio-internal', service: 'minio', port: 9000 },
  vault: { members: 3, internal: 'vault-internal', service: 'vault', port: 8200 },
  rabbitmq: { members: 3, internal: 'rabbitmq-internal', service: 'rabbitmq', port: 5671 },
};

/** The functions that both etcd and the object store know as users of their own. */
export const dataUsers = ['data-put', 'data-get'] as const;
export type DataUser = (typeof dataUsers)[number];

/** The functions that etcd alone knows as well. */
export const etcdUsers = [...dataUsers, 'keys'] as const;
export type EtcdUser = (typeof etcdUsers)[number];

/** The Secret with what such a function opens the object store with. */
export function storeSecret(user: DataUser): string {
  return `minio-client-${user}`;
}

export const tierNames = Object.keys(tiers) as TierName[];

/** The host names of a tier's members, in their order: `etcd-0.etcd.selvedge-storage.svc`. */
export function memberHosts(name: TierName): string[] {
  const { members, internal } = tiers[name];
  return Array.from({ length: members }, (_, n) => `${name}-${n}.${hostOf(internal)}`);
}

/** The addresses of a tier's members: `https://etcd-0.etcd.selvedge-storage.svc:2379`. */
export function memberAddresses(name: TierName): string[] {
  return memberHosts(name).map((host) => `https://${host}:${tiers[name].port}`);
}

/** The address of a tier as a whole. */
export function tierAddress(name: TierName): string {
  const { service, port } = tiers[name];
  return `https://${hostOf(service)}:${port}`;
}

/** The host name of a Service of the tiers. */
export function hostOf(service: string): string {
  return `${service}.${storageNamespace}.svc`;
}
