/**
 * What the chain keeps of a version, in one place for those who write it (data-put), keep it (the
 * chaincode, whose bundle this file is part of: it imports nothing) and read it (data-get).
 */

export interface Fact {
  /** The UID of the network's resource. */
  incarnation: string;
  /** The datum's key. */
  key: string;
  version: number;
  /** Where the ciphertext is: `minio://bucket/name` or `etcd://key`. */
  index: string;
  /** `sha256:<hex>` of the ciphertext. */
  digest: string;
  /** Bytes of ciphertext. */
  size: number;
  /** The user id of the owner. */
  owner: string;
  /** The cipher format. */
  format: string;
}

/** A fact as the chain gives it: with the transaction that put it there. */
export type Anchored = Fact & { transactionId: string };

const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0;
const isCount =
  (least: number) =>
  (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) >= least;

/** In the order in which they are written. */
const shapes: Record<keyof Fact, (value: unknown) => boolean> = {
  incarnation: isText,
  // Fabric's composite keys cannot hold it.
  key: (value) => isText(value) && !(value as string).includes('\0'),
  version: isCount(1),
  index: isText,
  digest: (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  size: isCount(0),
  owner: isText,
  format: isText,
};
const members = Object.keys(shapes) as (keyof Fact)[];

/** What is wrong with a value that should be a fact; undefined when nothing is. */
export function faultOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it is no object';
  const given = value as Record<string, unknown>;
  if (Object.keys(given).some((name) => !(name in shapes))) return 'it has an unknown member';
  const wrong = members.find((name) => !shapes[name](given[name]));
  return wrong === undefined ? undefined : `its ${wrong} is missing or malformed`;
}

/** A fact and nothing else, from what holds all its members. */
export function factOf(source: Fact): Fact {
  const { incarnation, key, version, index, digest, size, owner, format } = source;
  return { incarnation, key, version, index, digest, size, owner, format };
}

/** The text of a fact: equal facts are equal text. */
export function factText(fact: Fact): string {
  return JSON.stringify(factOf(fact));
}

/** The names of the members in which two facts differ. */
export function differences(one: Fact, other: Fact): (keyof Fact)[] {
  return members.filter((name) => one[name] !== other[name]);
}

/** What the chaincode keeps of a fact. */
export function anchoredText(fact: Fact, transactionId: string): string {
  return JSON.stringify({ ...factOf(fact), transactionId });
}

/** Reads what the chaincode kept; undefined for what is no fact. */
export function parseAnchored(text: string): Anchored | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { transactionId, ...fact } = value as Anchored;
  return faultOf(fact) === undefined && isText(transactionId)
    ? { ...fact, transactionId }
    : undefined;
}
