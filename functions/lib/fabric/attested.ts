/**
 * What peers of two organizations say alike, where the channel has two: one that answers falsely, or
 * lags behind, is not believed alone. Each is asked by itself: its Gateway might pass a question on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { IntegrityError, Unavailable } from '../errors.ts';

/** A question to the chaincode, not ordered. */
export interface Question {
  transaction: string;
  args: readonly string[];
}

/** An organization that can be asked, by any of its peers. */
export interface Attestor {
  mspId: string;
  /**
   * @param turn another one asks another of its peers first
   * @throws Unavailable when none of its peers answers
   */
  answer(question: Question, turn: number): Promise<Said>;
}

/** What one peer said. */
export interface Said {
  mspId: string;
  address: string;
  text: string;
  /** How many blocks the peer has by now. */
  height(): Promise<number>;
}

/** How many organizations must say the same. */
const quorum = 2;

/** Milliseconds during which peers may differ: one that is alive has a block by then. */
const patience = 3_000;

/** Milliseconds between two rounds of questions at first, and at most. */
const pause = { first: 25, most: 400 };

/**
 * The text that as many organizations gave while they were asked. A hot datum changes between two answers,
 * so what one said in an earlier round of this call still counts: it was so since the call began.
 *
 * @throws Unavailable when too few organizations answer, or a peer lags behind the others
 * @throws IntegrityError when peers that have the same blocks go on to differ
 */
export async function attested(
  attestors: readonly Attestor[],
  question: Question,
  patienceMs: number = patience,
): Promise<string> {
  const needed = Math.min(quorum, attestors.length);
  const seen = new Map<string, Set<string>>();
  const end = Date.now() + patienceMs;
  let highest: number | undefined;
  for (let turn = 0; ; turn++) {
    const said = await round(attestors, question, { needed, turn });
    const agreed = tally(seen, said, needed);
    if (agreed !== undefined) return agreed;
    if (Date.now() >= end) throw await disagreement(said, highest);
    highest ??= Math.max(...(await heights(said)));
    await delay(Math.min(pause.first * 2 ** turn, pause.most));
  }
}

/** One answer of each of so many organizations; for one that is silent, another. */
async function round(
  attestors: readonly Attestor[],
  question: Question,
  { needed, turn }: { needed: number; turn: number },
): Promise<Said[]> {
  const waiting = [...attestors];
  const next = async (): Promise<Said> => {
    const attestor = waiting.shift();
    if (!attestor) throw new Unavailable('the channel has no organization to ask');
    try {
      return await attestor.answer(question, turn);
    } catch (error) {
      if (!(error instanceof Unavailable) || waiting.length === 0) throw error;
      return next();
    }
  };
  return Promise.all(Array.from({ length: Math.max(needed, 1) }, next));
}

/** Notes who said what; the text, if any, that is now said by enough organizations. */
function tally(
  seen: Map<string, Set<string>>,
  said: readonly Said[],
  needed: number,
): string | undefined {
  for (const { text, mspId } of said) {
    const by = seen.get(text) ?? new Set();
    seen.set(text, by.add(mspId));
  }
  return said.find(({ text }) => (seen.get(text)?.size ?? 0) >= needed)?.text;
}

/** @param highest of the peers when they first differed */
async function disagreement(said: readonly Said[], highest = 0): Promise<Error> {
  const who = said.map(({ mspId, address }) => `${mspId} (${address})`).join(' and ');
  const lags = (await heights(said)).some((height) => height < highest);
  if (lags) return new Unavailable(`one of the peers of ${who} lags behind`);
  return new IntegrityError(`peers of ${who} have the same blocks and say different things`);
}

function heights(said: readonly Said[]): Promise<number[]> {
  return Promise.all(said.map((one) => one.height()));
}
