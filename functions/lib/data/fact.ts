/**
 * What the chain keeps of data, in one place for those who write it (data-put), keep it (the chaincode,
 * whose bundle this file is part of: it imports nothing) and read it (data-get).
 *
 * A fact speaks of a datum by its `id`, which tells its key only to who has the network's name key.
 */

interface Common {
  /** HMAC-SHA-256 of the datum's key, in hexadecimal (names.ts). */
  id: string;
  /** The UID of the network's resource. */
  incarnation: string;
}

/** A new version of a datum. Its number is the next after the head's when it is committed. */
export interface VersionFact extends Common {
  kind: 'version';
  /** Where the ciphertext is: `minio://bucket/name` or `etcd://key`; never used for another. */
  index: string;
  /** `sha256:<hex>` of the ciphertext, in the way of its format: for `selvedge-2` see leaves.ts. */
  digest: string;
  /** Bytes of ciphertext. */
  size: number;
  /** The user id of the owner. */
  owner: string;
  /** The cipher format; it also says what the digest is. */
  format: string;
  /** `sha256:<hex>` of the Cedar text in force. */
  policy: string;
  /** `sha256:<hex>` of what else a reader relies on (digests.ts). */
  meta: string;
}

/** A version as it is submitted: what is asked of the head besides is not kept. */
export interface NextVersion extends VersionFact {
  /** The number of the version that it must follow, 0 for none; any when left out. */
  after?: number;
}

/** Another policy of a datum. */
export interface PolicyFact extends Common {
  kind: 'policy';
  /** The number of the policy, the next after the head's: the first came with the first version. */
  edition: number;
  /** `sha256:<hex>` of the Cedar text. */
  policy: string;
}

/** The datum is gone; nothing follows. */
export interface ErasureFact extends Common {
  kind: 'erasure';
}

export type Fact = VersionFact | PolicyFact | ErasureFact;

/** Which transaction keeps a fact, and as which version where it is one. */
export interface Kept {
  transactionId: string;
  version?: number;
}

/** A version as the chain gives it: with its number, and the transaction that put it there. */
export type Anchored = VersionFact & { version: number; transactionId: string };

/** What of a datum counts now. */
export interface Head {
  owner: string;
  /** The number of the current version. */
  version: number;
  policy: string;
  edition: number;
  erased: boolean;
}

type Shape<T> = Record<Exclude<keyof T, 'kind'>, (value: unknown) => boolean>;

/** What stands in a state key, too: longer than any index that we make. */
const mostText = 1024;

const isText = (value: unknown): boolean =>
  // Fabric's composite keys cannot hold it.
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= mostText &&
  !value.includes('\0');
const isDigest = (value: unknown): boolean =>
  typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value);
export const isCount =
  (least: number) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= least;

const common: Shape<Common> = {
  id: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  incarnation: isText,
};

/** Members in the order in which they are written. */
const shapes = {
  version: {
    ...common,
    ...{ index: isText, digest: isDigest, size: isCount(0), owner: isText, format: isText },
    ...{ policy: isDigest, meta: isDigest },
  } satisfies Shape<VersionFact>,
  policy: { ...common, edition: isCount(2), policy: isDigest } satisfies Shape<PolicyFact>,
  erasure: common satisfies Shape<ErasureFact>,
} as const;

const kindOf = (value: unknown): keyof typeof shapes | undefined =>
  typeof value === 'string' && Object.hasOwn(shapes, value)
    ? (value as keyof typeof shapes)
    : undefined;

/** What is wrong with a value that should be a fact; undefined when nothing is. */
export function faultOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is no object';
  const { kind: named, ...given } = value as Record<string, unknown>;
  const kind = kindOf(named);
  if (kind === undefined) return 'its kind is missing or unknown';
  const shape: Record<string, (member: unknown) => boolean> = shapes[kind];
  if (Object.keys(given).some((name) => !Object.hasOwn(shape, name))) {
    return 'it has an unknown member';
  }
  const wrong = Object.keys(shape).find((name) => !shape[name]?.(given[name]));
  return wrong === undefined ? undefined : `its ${wrong} is missing or malformed`;
}

/** A fact and nothing else, from what holds all its members, in their order. */
export function factOf<T extends Fact>(source: T): T {
  const members = Object.keys(shapes[source.kind]) as (keyof T)[];
  const entries = members.map((name) => [name, source[name]]);
  return { kind: source.kind, ...Object.fromEntries(entries) } as T;
}

/** The text of a fact: equal facts are equal text. */
export function factText(fact: Fact): string {
  return JSON.stringify(factOf(fact));
}

/** The names of the members in which two versions differ. */
export function differences(one: VersionFact, other: VersionFact): (keyof VersionFact)[] {
  const members = ['kind', ...Object.keys(shapes.version)] as (keyof VersionFact)[];
  return members.filter((name) => one[name] !== other[name]);
}

/** What the chaincode keeps of a version. */
export function anchoredText(anchored: Anchored): string {
  const { version, transactionId, ...fact } = anchored;
  return JSON.stringify({ ...factOf(fact), version, transactionId });
}

/** Reads what the chaincode kept of a version; undefined for what is none. */
export function parseAnchored(text: string): Anchored | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, transactionId, ...fact } = value as Anchored;
  const whole = faultOf(fact) === undefined && isCount(1)(version) && isText(transactionId);
  return whole && kindOf((value as { kind?: unknown }).kind) === 'version'
    ? { ...fact, version, transactionId }
    : undefined;
}

/** The text of a head: equal heads are equal text. */
export function headText({ owner, version, policy, edition, erased }: Head): string {
  return JSON.stringify({ owner, version, policy, edition, erased });
}

/** Reads a head; undefined for what is none. */
export function parseHead(text: string): Head | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { owner, version, policy, edition, erased } = value as Head;
  const counts = [version, edition].every(isCount(1));
  const whole = isText(owner) && counts && isDigest(policy) && typeof erased === 'boolean';
  return whole ? { owner, version, policy, edition, erased } : undefined;
}
