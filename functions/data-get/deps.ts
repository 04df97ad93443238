import type { Caller } from '../lib/function/authentication.ts';
import type { Keys } from '../lib/data/keys.ts';
import type { DatumRef } from '../lib/data/datum.ts';
import type { Metadata } from '../lib/data/metadata.ts';
import type { Names } from '../lib/data/names.ts';
import type { Ledgers } from '../lib/fabric/ledgers.ts';
import type { Decide } from '../lib/data/access-policy.ts';
import type { Chain } from './chain.ts';
import type { Ciphertexts } from './ciphertext.ts';

/** What a get works with. */
export interface Deps {
  networks: Pick<Ledgers, 'find'>;
  metadata: Metadata;
  keys: Pick<Keys, 'unwrap' | 'requireKept'>;
  chain: Chain;
  names: Names;
  ciphertexts: Ciphertexts;
  decide: Decide;
  /** Told of every decision and of every mismatch. */
  audit: (fact: AuditFact) => void;
}

export interface AuditFact {
  audit: 'read' | 'denied' | 'integrity';
  user: string;
  network: string;
  key: string;
  /** 0: the current one, before it is known which that is. */
  version: number;
  reason: string;
}

export interface GetRequest {
  ref: DatumRef;
  caller: Caller;
  /** The current one when left out. */
  version: number | undefined;
  /** Aborted when the caller leaves. */
  signal?: AbortSignal;
}
