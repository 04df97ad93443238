/** What etcd keeps of the data path (keys: datum.ts). All is JSON but ciphertexts and policies in force. */
import type { Receipt, ResultOf, Tier } from '../events.ts';
import type { DatumRef } from './datum.ts';

/** A datum: whose it is, how often somebody began to put it, the version that was published last. */
export interface Datum {
  /** The user id of who put its first version. */
  owner: string;
  claims: number;
  current?: number;
  /** The transaction that anchored the current version. */
  transactionId?: string;
  /** The number of the policy that was published last; the first when left out. */
  edition?: number;
  /** When it was erased (ISO 8601). */
  erasedAt?: string;
}

/** An erasure that was begun, so that the sweep can finish it: it says nothing that the chain does not. */
export interface Erasure extends DatumRef {
  /** When it was last begun (ISO 8601). */
  since: string;
}

/** A policy on its way: from when the chain names it until it is published, it is read here. */
export interface Proposal extends DatumRef {
  edition: number;
  /** Cedar text. */
  policy: string;
  /** When it was last proposed (ISO 8601). */
  since: string;
}

/**
 * One stored version, written before the chain knows of it: its fact supports every member but `rewrapped` and
 * `published`.
 */
export interface VersionRecord {
  tier: Tier;
  /** Where the ciphertext is: `minio://bucket/name` or `etcd://key`. */
  index: string;
  /** `sha256:<hex>`, as in its fact. */
  digest: string;
  /** Bytes of ciphertext. */
  size: number;
  /** The data key under the owner's transit key, as the fact supports it. */
  wrapped: string;
  /**
   * The same under a newer version of that key. No fact supports it, and none needs to: another key than the one
   * that the ciphertext commits to does not open it.
   */
  rewrapped?: string;
  owner: string;
  /** The cipher format. */
  format: string;
  contentType: string;
  createdAt: string;
  /** Written with the datum's `current`: what the chain said of it then. */
  published?: { version: number; transactionId: string; block: number };
}

/** What is known of a version once its ciphertext is stored. */
export interface StoredCiphertext {
  digest: string;
  size: number;
  wrapped: string;
  /** The keyed fingerprint of the plaintext, to recognise the same body. */
  fingerprint: string;
}

/** A put on its way, by its idempotency id, in whatever state. */
export interface Allotment extends DatumRef {
  id: string;
  owner: string;
  /** `sha256:<hex>` of the Cedar text that let it: the version is refused under another. */
  policy: string;
  /** The number of the version that it must follow, 0 for none; any when left out. */
  after?: number;
  tier: Tier;
  index: string;
  contentType: string;
  createdAt: string;
  /** Names the try that works on it now: another one's writes then fail. */
  attempt: string;
  /** When the attempt began (ISO 8601). */
  since: string;
  /** Objects that attempts taken over from may still be writing, and when each began. */
  former?: Former[];
}

/** Where an attempt writes that was taken over from. */
export interface Former {
  index: string;
  since: string;
}

/** Ciphertext may be written at `index`. */
export interface OpenIntent extends Allotment {
  state: 'open';
  /** An earlier ciphertext was whole: the chain may know it. */
  onceStored?: true;
}

/** The ciphertext is whole; what is left needs no body and can be done by anyone. */
export interface StoredIntent extends Allotment {
  state: 'stored';
  stored: StoredCiphertext;
  /** A transaction whose fate was unknown when this was written. */
  pending?: string;
}

/** It is current; `receipt` answers whoever asks again with the same body. */
export interface DoneIntent extends Allotment {
  state: 'done';
  fingerprint: string;
  receipt: Receipt;
}

/** Never finished; what it left is being removed. */
export interface AbandonedIntent extends Allotment {
  state: 'abandoned';
  onceStored?: true;
}

export type UnfinishedIntent = OpenIntent | StoredIntent | AbandonedIntent;
export type Intent = UnfinishedIntent | DoneIntent;

interface Outgoing<T extends 'dev.selvedge.data.stored.v1' | 'dev.selvedge.data.erased.v1'> {
  id: string;
  type: T;
  subject: string;
  createdAt: string;
  data: ResultOf<T>;
}

/** An event that is still to be sent. */
export type OutboxEntry =
  Outgoing<'dev.selvedge.data.stored.v1'> | Outgoing<'dev.selvedge.data.erased.v1'>;

/** A value as it was read: `revision` is etcd's mod revision, for compare and swap. */
export interface Revised<T> {
  value: T;
  revision: string;
}
