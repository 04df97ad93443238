/**
 * What the anchor chaincode does, over the few calls of the ledger that it needs.
 * Every peer runs this for itself and must come to the same bytes: no clock, no chance, no I/O.
 */
import type { AnchorRecord } from '../lib/events.ts';

/** The part of Fabric's stub that is used. Writes of a transaction are not seen by its reads. */
export interface LedgerState {
  transactionId: string;
  get(key: string, version: number): Promise<Uint8Array>;
  put(key: string, version: number, value: Uint8Array): Promise<void>;
}

/** A record as it stands on the chain: with the transaction that put it there. */
export type Anchored = AnchorRecord & { transactionId: string };

/** More would make a transaction that endorsers hold for too long. */
const mostRecords = 1000;
const fields = ['key', 'version', 'index', 'digest', 'size', 'owner', 'format'] as const;

/**
 * Anchors records. One that is already there with the same content stays as it is, so a
 * transaction may be sent again; one with other content is refused, and with it the whole.
 *
 * @returns the transaction that anchored each, in the order given
 */
export async function put(state: LedgerState, records: unknown): Promise<string[]> {
  const anchors = check(records);
  const seen = new Map<string, string>();
  const transactions: string[] = [];
  for (const anchor of anchors) {
    const identity = JSON.stringify([anchor.key, anchor.version]);
    const content = JSON.stringify(anchor);
    const known = await find(state, anchor.key, anchor.version);
    const other = known ? JSON.stringify(only(known)) : seen.get(identity);
    if (other !== undefined && other !== content) {
      throw new Error(`CONFLICT: ${identity} is anchored with other content`);
    }
    seen.set(identity, content);
    transactions.push(known?.transactionId ?? state.transactionId);
    if (other === undefined) {
      const value = JSON.stringify({ ...anchor, transactionId: state.transactionId });
      await state.put(anchor.key, anchor.version, Buffer.from(value));
    }
  }
  return transactions;
}

/** The record of a version. Throws an error that begins with `NOT_FOUND` when there is none. */
export async function get(state: LedgerState, key: string, version: string): Promise<Anchored> {
  const number = Number(version);
  if (!isCount(number, 1)) throw new Error('INVALID: a version is a positive integer');
  const found = await find(state, key, number);
  if (!found) throw new Error(`NOT_FOUND: ${JSON.stringify([key, number])} is not anchored`);
  return found;
}

async function find(
  state: LedgerState,
  key: string,
  version: number,
): Promise<Anchored | undefined> {
  const value = await state.get(key, version);
  return value.length === 0 ? undefined : (JSON.parse(Buffer.from(value).toString()) as Anchored);
}

/** The record's own members in a fixed order, so that equal content is equal text. */
function only(record: AnchorRecord): AnchorRecord {
  return Object.fromEntries(fields.map((name) => [name, record[name]])) as AnchorRecord;
}

function check(records: unknown): AnchorRecord[] {
  if (!Array.isArray(records) || records.length === 0 || records.length > mostRecords) {
    throw new Error(`INVALID: a list of 1 to ${mostRecords} records is needed`);
  }
  return records.map((record: unknown, position) => {
    const fault = faultOf((record ?? {}) as Record<string, unknown>);
    if (fault) throw new Error(`INVALID: record ${position}: ${fault}`);
    return only(record as AnchorRecord);
  });
}

const shapes: Record<(typeof fields)[number], (value: unknown) => boolean> = {
  key: (value) => typeof value === 'string' && value.length > 0 && !value.includes('\0'),
  version: (value) => isCount(value, 1),
  index: isText,
  digest: (value) => typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value),
  size: (value) => isCount(value, 0),
  owner: isText,
  format: isText,
};

function faultOf(record: Record<string, unknown>): string | undefined {
  const unknown = Object.keys(record).find((name) => !(name in shapes));
  if (unknown !== undefined) return `has an unknown member`;
  const wrong = fields.find((name) => !shapes[name](record[name]));
  return wrong === undefined ? undefined : `its ${wrong} is missing or malformed`;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0;
}

function isCount(value: unknown, least: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}
