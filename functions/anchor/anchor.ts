/**
 * What the anchor chaincode does, over the few calls of the ledger that it needs.
 * Every peer runs this for itself and must come to the same bytes: no clock, no chance, no I/O.
 *
 * Per datum there is a head: versions follow one another without a gap, in the order in which they are
 * committed; the owner does not change; nothing follows an erasure.
 */
import {
  anchoredText,
  factOf,
  factText,
  faultOf,
  headText,
  isCount,
  parseAnchored,
  parseHead,
  type Anchored,
  type ErasureFact,
  type Fact,
  type Head,
  type Kept,
  type NextVersion,
  type PolicyFact,
  type VersionFact,
} from '../lib/data/fact.ts';
import { paddedVersion } from '../lib/data/datum.ts';
import { Book, type Key, type LedgerState } from './book.ts';

/** More would make a transaction that endorsers hold for too long. */
const mostFacts = 1000;

/**
 * Keeps facts. One that is already there stays as it is, so a transaction may be sent again; one that
 * may not follow what is there is refused, and with it the whole.
 *
 * @returns which transaction keeps each, in the order given, and as which version
 */
export async function put(state: LedgerState, given: unknown): Promise<Kept[]> {
  if (!state.isWriter) throw new Error('FORBIDDEN: only the platform itself writes facts');
  const wanted = check(given);
  const book = new Book(state);
  // At once, what is looked at in any case.
  await Promise.all(wanted.flatMap(looksAt).map((key) => book.get(key)));
  const kept: Kept[] = [];
  // One after another: each may follow the one before.
  for (const { fact, after } of wanted) kept.push(await keep(book, fact, after));
  await book.close();
  return kept;
}

function looksAt({ fact }: { fact: Fact }): Key[] {
  return [fact.kind === 'version' ? placeKey(fact.index) : factKey(fact), headKey(fact.id)];
}

/** What is asked of the ledger. */
const reads = {
  async get(book: Book, id: string, version: string): Promise<string | undefined> {
    const number = Number(version);
    if (!Number.isSafeInteger(number) || number < 1) {
      throw new Error('INVALID: a version is a positive integer');
    }
    return book.get(versionKey(id, number));
  },

  head: (book: Book, id: string) => book.get(headKey(id)),

  async find(book: Book, index: string): Promise<string | undefined> {
    const at = await book.get(placeKey(index));
    return at === undefined ? undefined : book.get(JSON.parse(at) as string[]);
  },
};

/** A version by its number, as text; `null` where there is none. */
export async function get(state: LedgerState, id: string, version: string): Promise<string> {
  return (await reads.get(new Book(state), id, version)) ?? 'null';
}

/** The head of a datum, as text; `null` where there is none. */
export async function head(state: LedgerState, id: string): Promise<string> {
  return (await reads.head(new Book(state), id)) ?? 'null';
}

/** The version whose ciphertext is at an index, as text; `null` where there is none. */
export async function find(state: LedgerState, index: string): Promise<string> {
  return (await reads.find(new Book(state), index)) ?? 'null';
}

/**
 * Answers to many questions, each as its own transaction would give it.
 *
 * @param given a list of names of transactions with their arguments
 */
export async function ask(state: LedgerState, given: unknown): Promise<string[]> {
  const book = new Book(state);
  return Promise.all(
    asQuestions(given).map(
      async ([name, first, second = '']) => (await reads[name](book, first, second)) ?? 'null',
    ),
  );
}

function keep(book: Book, fact: Fact, after: number | undefined): Promise<Kept> {
  switch (fact.kind) {
    case 'version':
      return keepVersion(book, fact, after);
    case 'policy':
      return keepPolicy(book, fact);
    case 'erasure':
      return keepErasure(book, fact);
  }
}

async function keepVersion(
  book: Book,
  fact: VersionFact,
  after: number | undefined,
): Promise<Kept> {
  const { id, index, owner, policy } = fact;
  const known = await versionAt(book, index);
  if (known) {
    const { version, transactionId } = known;
    if (factText(known) === factText(fact)) return { version, transactionId };
    throw new Error('CONFLICT: the index is that of another version');
  }
  const before = await headOf(book, id);
  if (before) requireNext(before, fact);
  const current = before?.version ?? 0;
  if (after !== undefined && after !== current) {
    throw new Error('CONFLICT: another version came first');
  }
  const version = current + 1;
  const { transactionId } = book;
  const at = versionKey(id, version);
  book.put(at, anchoredText({ ...fact, version, transactionId }));
  book.put(placeKey(index), JSON.stringify(at));
  const next = { owner, version, policy, edition: before?.edition ?? 1, erased: false };
  book.put(headKey(id), headText(next));
  return { version, transactionId };
}

function requireNext(before: Head, { owner, policy }: VersionFact): void {
  if (before.erased) throw new Error('CONFLICT: the datum was erased');
  if (before.owner !== owner) throw new Error('CONFLICT: the datum is of another owner');
  if (before.policy !== policy) throw new Error('CONFLICT: another policy is in force');
}

function keepPolicy(book: Book, fact: PolicyFact): Promise<Kept> {
  const { edition, policy } = fact;
  return once(book, fact, (before) => {
    if (before.edition + 1 !== edition) throw new Error('CONFLICT: another policy came first');
    return { ...before, edition, policy };
  });
}

function keepErasure(book: Book, fact: ErasureFact): Promise<Kept> {
  return once(book, fact, (before) => ({ ...before, erased: true }));
}

/** Keeps a fact under its key, with the head that follows; the same again changes nothing. */
async function once(
  book: Book,
  fact: PolicyFact | ErasureFact,
  follow: (before: Head) => Head,
): Promise<Kept> {
  const at = factKey(fact);
  const known = await book.get(at);
  if (known !== undefined) {
    const { transactionId, ...before } = JSON.parse(known) as Fact & Kept;
    if (factText(before) === factText(fact)) return { transactionId };
    throw new Error('CONFLICT: another fact came first');
  }
  const before = await headOf(book, fact.id);
  if (!before) throw new Error('CONFLICT: there is no such datum');
  if (before.erased) throw new Error('CONFLICT: the datum was erased');
  book.put(headKey(fact.id), headText(follow(before)));
  const { transactionId } = book;
  book.put(at, JSON.stringify({ ...factOf(fact), transactionId }));
  return { transactionId };
}

async function headOf(book: Book, id: string): Promise<Head | undefined> {
  const text = await book.get(headKey(id));
  return text === undefined ? undefined : required(parseHead(text));
}

async function versionAt(book: Book, index: string): Promise<Anchored | undefined> {
  const at = await book.get(placeKey(index));
  if (at === undefined) return undefined;
  return required(parseAnchored((await book.get(JSON.parse(at) as string[])) ?? 'null'));
}

function required<T>(kept: T | undefined): T {
  if (kept === undefined) throw new Error('CONFLICT: what is kept has another form');
  return kept;
}

const headKey = (id: string): Key => ['head', id];
const placeKey = (index: string): Key => ['place', index];

/** A range query gives versions in order. */
const versionKey = (id: string, version: number): Key => ['version', id, paddedVersion(version)];

function factKey(fact: PolicyFact | ErasureFact): Key {
  const { kind, id } = fact;
  return kind === 'policy' ? [kind, id, paddedVersion(fact.edition)] : [kind, id];
}

type Asked = [name: keyof typeof reads, first: string, second?: string];

function asQuestions(given: unknown): Asked[] {
  const isQuestion = (one: unknown): one is Asked =>
    Array.isArray(one) &&
    one.every((part) => typeof part === 'string') &&
    Object.hasOwn(reads, String(one[0])) &&
    one.length > 1;
  if (Array.isArray(given) && given.every(isQuestion)) return given;
  throw new Error('INVALID: a list of questions is needed');
}

/** A fact to keep, and the number of the version that it must follow, where it matters which. */
interface Wanted {
  fact: Fact;
  after: number | undefined;
}

function check(given: unknown): Wanted[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > mostFacts) {
    throw new Error(`INVALID: a list of 1 to ${mostFacts} facts is needed`);
  }
  return given.map((one: unknown, position) => {
    const { after, ...fact } = Object(one) as NextVersion;
    const fault = faultOf(fact) ?? faultOfAfter(fact, after);
    if (fault !== undefined) throw new Error(`INVALID: fact ${position}: ${fault}`);
    return { fact: factOf(fact), after };
  });
}

function faultOfAfter({ kind }: Fact, after: unknown): string | undefined {
  if (after === undefined || (kind === 'version' && isCount(0)(after))) return undefined;
  return 'what it must follow is no version';
}
