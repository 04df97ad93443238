/**
 * The data contract: how a datum is named, where its parts lie, and what its ciphertext is bound to.
 * Everything here is read by others than wrote it, long after: a change of a single byte makes data
 * unreadable. test/functions/lib/data/datum.test.ts pins them.
 *
 * etcd keys (values: model.ts). Names that came from outside are percent-encoded, so `/` always
 * separates; a network is `<namespace>/<name>/<incarnation>`.
 *
 *     selvedge/v1/data/<network>/<key>                 Datum
 *     selvedge/v1/versions/<network>/<key>/<name>      VersionRecord
 *     selvedge/v1/policies/<network>/<key>             Cedar text
 *     selvedge/v1/proposals/<network>/<key>/<edition>/<digest>
 *                                                      Proposal
 *     selvedge/v1/records/<network>/<name>             ciphertext of a record
 *     selvedge/v1/intents/<network>/<id>               Intent
 *     selvedge/v1/erasures/<network>/<key>             Erasure
 *     selvedge/v1/outbox/<id>                          OutboxEntry
 *     selvedge/v1/sweeper                              there while a sweep is under way
 *
 * Objects are named `<network>/<name>`. A ciphertext's name is its version's, too: it is known before
 * the chain has said which number the version has.
 */
import { IntegrityError } from '../errors.ts';
import type { Head } from './fact.ts';

/** A network by its place in Kubernetes. */
export interface NetworkRef {
  namespace: string;
  network: string;
}

/** The network that had the place once: `incarnation` is the UID of its resource. */
export interface Incarnation extends NetworkRef {
  incarnation: string;
}

export interface DatumRef extends Incarnation {
  key: string;
}

/** An incarnation in one text: its part of every key, object name and ciphertext. */
export function scopeOf({ namespace, network, incarnation }: Incarnation): string {
  return `${namespace}/${network}/${incarnation}`;
}

const root = 'selvedge/v1';

/** What the keys of each kind begin with: rights are given by them. */
export const prefixes = {
  all: `${root}/`,
  data: `${root}/data/`,
  versions: `${root}/versions/`,
  policies: `${root}/policies/`,
  proposals: `${root}/proposals/`,
  records: `${root}/records/`,
  intents: `${root}/intents/`,
  erasures: `${root}/erasures/`,
  outbox: `${root}/outbox/`,
} as const;

const below = (kind: keyof typeof prefixes, network: Incarnation): string =>
  `${prefixes[kind]}${scopeOf(network)}/`;

const keyed = (kind: keyof typeof prefixes, ref: DatumRef): string =>
  `${below(kind, ref)}${encodeURIComponent(ref.key)}`;

/** etcd keys. */
export const keys = {
  datum: (ref: DatumRef) => keyed('data', ref),
  /** By the index of the version's ciphertext. */
  version: (ref: DatumRef, index: string) =>
    `${keyed('versions', ref)}/${encodeURIComponent(index.slice(index.lastIndexOf('/') + 1))}`,
  policy: (ref: DatumRef) => keyed('policies', ref),
  /** By what the chain says of it once it is in force: its edition, and its digest. */
  proposal: (ref: DatumRef, { edition, policy }: Pick<Head, 'edition' | 'policy'>) =>
    `${keyed('proposals', ref)}/${edition}/${policy.slice('sha256:'.length)}`,
  record: (network: Incarnation, name: string) => `${below('records', network)}${name}`,
  intent: (network: Incarnation, id: string) => `${below('intents', network)}${id}`,
  erasure: (ref: DatumRef) => keyed('erasures', ref),
  outbox: (id: string) => `${prefixes.outbox}${id}`,
  sweeper: `${root}/sweeper`,
};

/** What all etcd keys of a network begin with. */
export function networkPrefixes(network: Incarnation): string[] {
  const kinds = [
    ...(['data', 'versions', 'policies', 'proposals', 'records'] as const),
    ...(['intents', 'erasures'] as const),
  ];
  return kinds.map((kind) => below(kind, network));
}

/** What the keys begin with of which a datum may have any number. */
export function datumPrefixes(ref: DatumRef): string[] {
  return (['versions', 'proposals'] as const).map((kind) => `${keyed(kind, ref)}/`);
}

/** What the names of all objects of a network begin with. */
export function objectPrefix(network: Incarnation): string {
  return `${scopeOf(network)}/`;
}

/** A version's number so that text sorts as numbers do. */
export function paddedVersion(version: number): string {
  return String(version).padStart(16, '0');
}

/** Where a ciphertext is: `index` is the same as one text, as the chain keeps it. */
export type Place =
  | { tier: 'record'; index: string; key: string }
  | { tier: 'object'; index: string; bucket: string; name: string };

/** The place of a record's ciphertext in etcd; `name` is never used again. */
export function recordPlace(network: Incarnation, name: string): Place {
  const key = keys.record(network, name);
  return { tier: 'record', index: `etcd://${key}`, key };
}

/** The place of an object's ciphertext; `name` is never used again. */
export function objectPlace(network: Incarnation, bucket: string, name: string): Place {
  const full = `${objectPrefix(network)}${name}`;
  return { tier: 'object', index: `minio://${bucket}/${full}`, bucket, name: full };
}

/** Reads an index; undefined for what is none. */
export function parseIndex(index: string): Place | undefined {
  const [, scheme, rest = ''] = /^(etcd|minio):\/\/(.+)$/.exec(index) ?? [];
  if (scheme === 'etcd') return { tier: 'record', index, key: rest };
  const [, bucket, name] = /^([^/]+)\/(.+)$/.exec(rest) ?? [];
  return scheme === undefined || bucket === undefined || name === undefined
    ? undefined
    : { tier: 'object', index, bucket, name };
}

/**
 * The place of a ciphertext of the network.
 *
 * @throws IntegrityError for an index of anything else
 */
export function locate(network: Incarnation, bucket: string, index: string): Place {
  const place = parseIndex(index);
  const own =
    place?.tier === 'record'
      ? place.key.startsWith(keys.record(network, ''))
      : place?.bucket === bucket && place.name.startsWith(objectPrefix(network));
  if (place && own) return place;
  throw new IntegrityError('the index is of no ciphertext of this network');
}

/** What a ciphertext is bound to; under any other value it does not open. */
export interface Binding {
  /** The network's scope. */
  network: string;
  key: string;
  /** Where it is: no two versions have the same, and the chain says which has it. */
  index: string;
  /** The user id of the owner. */
  owner: string;
  /** The media type, bound so that it cannot be swapped under a reader. */
  contentType: string;
  createdAt: string;
}

/** What the ciphertext of a version is bound to. */
export function bindingOf(
  ref: DatumRef,
  { index, owner, contentType, createdAt }: Omit<Binding, 'network' | 'key'>,
): Binding {
  return { network: scopeOf(ref), key: ref.key, index, owner, contentType, createdAt };
}

/** The associated data of a ciphertext, without the header that its format puts in front. */
export function associatedData(format: string, binding: Binding): string {
  const { network, key, index, owner, contentType, createdAt } = binding;
  // JSON of an array of strings is unambiguous and always written the same way.
  return JSON.stringify([format, network, key, index, owner, contentType, createdAt]);
}
