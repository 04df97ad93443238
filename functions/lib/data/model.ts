/**
 * What etcd keeps of the data path, and under which keys. Everything is JSON but ciphertexts
 * and policies. Names that came from outside are percent-encoded, so `/` always separates.
 *
 *     selvedge/v1/data/<namespace>/<network>/<key>                 Datum
 *     selvedge/v1/versions/<namespace>/<network>/<key>/<version>   VersionRecord
 *     selvedge/v1/policies/<namespace>/<network>/<key>             Cedar text
 *     selvedge/v1/records/<namespace>/<network>/<name>             ciphertext of a record
 *     selvedge/v1/intents/<namespace>/<network>/<id>               Intent
 *     selvedge/v1/outbox/<id>                                      OutboxEntry
 */
import type { Receipt, Tier } from '../events.ts';

/** A network by its place in Kubernetes. */
export interface NetworkRef {
  namespace: string;
  network: string;
}

export interface DatumRef extends NetworkRef {
  key: string;
}

/** A datum: whose it is, the version number to allot next, the version that readers see. */
export interface Datum {
  /** The user id of who put its first version. */
  owner: string;
  next: number;
  current?: number;
  /** When it was erased (ISO 8601). */
  erasedAt?: string;
}

/** One stored version. Except for `wrapped`, `block`: all is on the chain or bound by the cipher. */
export interface VersionRecord {
  version: number;
  tier: Tier;
  /** Where the ciphertext is: `minio://bucket/name` or `etcd://key`. */
  index: string;
  /** `sha256:<hex>` of the ciphertext. */
  digest: string;
  /** Bytes of ciphertext. */
  size: number;
  /** The data key under the owner's transit key. */
  wrapped: string;
  owner: string;
  /** The cipher format. */
  format: string;
  contentType: string;
  createdAt: string;
  transactionId: string;
  block: number;
}

/** What is known of a version once its ciphertext is stored. */
export interface StoredCiphertext {
  digest: string;
  size: number;
  wrapped: string;
  /** The keyed fingerprint of the plaintext, to recognise the same body. */
  fingerprint: string;
}

/**
 * A put on its way, by its idempotency id:
 *
 *     open       a version is allotted and ciphertext may be written at `index`
 *     stored     the ciphertext is whole; what is left needs no body and can be done by anyone
 *     done       it is current; `receipt` answers whoever asks again
 *     abandoned  never finished; what it left is being removed
 */
export interface Intent {
  id: string;
  namespace: string;
  network: string;
  key: string;
  version: number;
  owner: string;
  tier: Tier;
  index: string;
  contentType: string;
  createdAt: string;
  /** Names the try that works on it now: another one's writes then fail. */
  attempt: string;
  /** When the attempt began (ISO 8601). */
  since: string;
  state: 'open' | 'stored' | 'done' | 'abandoned';
  stored?: StoredCiphertext;
  /** A transaction whose fate was unknown when this was written. */
  pending?: string;
  receipt?: Receipt;
}

/** An event that is still to be sent. */
export interface OutboxEntry {
  id: string;
  type: 'dev.selvedge.data.stored.v1';
  subject: string;
  createdAt: string;
  data: Receipt;
}

/** A value as it was read: `revision` is etcd's mod revision, for compare and swap. */
export interface Revised<T> {
  value: T;
  revision: string;
}

const root = 'selvedge/v1';

/** What the keys of each kind begin with: rights are given by them. */
export const prefixes = {
  all: `${root}/`,
  data: `${root}/data/`,
  versions: `${root}/versions/`,
  policies: `${root}/policies/`,
  records: `${root}/records/`,
  intents: `${root}/intents/`,
  outbox: `${root}/outbox/`,
} as const;

const within = ({ namespace, network }: NetworkRef): string => `${namespace}/${network}`;

/** etcd keys. */
export const keys = {
  datum: (ref: DatumRef) => `${prefixes.data}${within(ref)}/${encodeURIComponent(ref.key)}`,
  version: (ref: DatumRef, version: number) =>
    `${prefixes.versions}${within(ref)}/${encodeURIComponent(ref.key)}/${String(version).padStart(16, '0')}`,
  policy: (ref: DatumRef) => `${prefixes.policies}${within(ref)}/${encodeURIComponent(ref.key)}`,
  record: (ref: NetworkRef, name: string) => `${prefixes.records}${within(ref)}/${name}`,
  intent: (ref: NetworkRef, id: string) => `${prefixes.intents}${within(ref)}/${id}`,
  intents: prefixes.intents,
  outbox: (id: string) => `${prefixes.outbox}${id}`,
  outboxes: prefixes.outbox,
};
