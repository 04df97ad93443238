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
  answer(questions: readonly Question[], turn: number): Promise<Said>;
}

/** What one peer said. */
export interface Said {
  mspId: string;
  address: string;
  /** An answer to each question, in their order. */
  texts: readonly string[];
  /** How many blocks the peer had before it answered; known from the second turn on. */
  before?: number | undefined;
  /** How many blocks the peer has by now. */
  height(): Promise<number>;
}

/** How many organizations must say the same. */
const quorum = 2;

/** Milliseconds during which peers may differ: one that is alive has a block by then. */
const patience = 3_000;

/** Milliseconds between two rounds of a question at first, and at most. */
const pause = { first: 25, most: 400 };

/** More in one round would make an answer that peers work on for too long. */
const mostQuestions = 200;

/** A question that too few organizations have answered alike yet. */
interface Open {
  question: Question;
  /**
   * Who gave which answer. A hot datum changes between two answers, so what one said in an earlier round
   * still counts: it was so since the question was asked.
   */
  seen: Map<string, Set<string>>;
  /** When patience ends. */
  end: number;
  /** How often it was asked. */
  turn: number;
  /** Whether peers were seen to differ that had the same blocks. */
  isProven: boolean;
  resolve: (text: string) => void;
  reject: (error: unknown) => void;
}

/**
 * Asks the organizations. Questions that come while they are being asked go together in the next round;
 * there is no timer: who asks alone is asked for at once.
 */
export class Attestation {
  readonly #attestors: readonly Attestor[];
  readonly #patienceMs: number;
  readonly #needed: number;
  readonly #waiting: Open[] = [];
  #isAsking = false;

  constructor(attestors: readonly Attestor[], patienceMs: number = patience) {
    this.#attestors = attestors;
    this.#patienceMs = patienceMs;
    this.#needed = Math.max(1, Math.min(quorum, attestors.length));
  }

  /**
   * The text that as many organizations gave since they were asked.
   *
   * @throws Unavailable when too few organizations answer, or a peer lags behind the others
   * @throws IntegrityError when peers that have the same blocks go on to differ
   */
  ask(question: Question): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const end = Date.now() + this.#patienceMs;
    const seen = new Map<string, Set<string>>();
    this.#enqueue({ question, seen, end, turn: 0, isProven: false, resolve, reject });
    return promise;
  }

  #enqueue(open: Open): void {
    this.#waiting.push(open);
    if (!this.#isAsking) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isAsking = true;
    while (this.#waiting.length > 0) await this.#settle(this.#waiting.splice(0, mostQuestions));
    this.#isAsking = false;
  }

  async #settle(group: readonly Open[]): Promise<void> {
    try {
      const said = await this.#round(group);
      for (const [at, open] of group.entries()) {
        const agreed = tally(open.seen, said, { at, needed: this.#needed });
        if (agreed !== undefined) open.resolve(agreed);
        // Nobody else waits for those that differ.
        else void this.#again(open, said).catch(open.reject);
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** One peer of each of so many organizations; for one that is silent, another. */
  async #round(group: readonly Open[]): Promise<Said[]> {
    const waiting = [...this.#attestors];
    const questions = group.map(({ question }) => question);
    const turn = Math.max(...group.map((open) => open.turn));
    const next = async (): Promise<Said> => {
      const attestor = waiting.shift();
      if (!attestor) throw new Unavailable('the channel has no organization to ask');
      try {
        return await attestor.answer(questions, turn);
      } catch (error) {
        if (!(error instanceof Unavailable) || waiting.length === 0) throw error;
        return next();
      }
    };
    return Promise.all(Array.from({ length: this.#needed }, next));
  }

  async #again(open: Open, said: readonly Said[]): Promise<void> {
    open.isProven ||= await hadTheSameBlocks(said);
    if (Date.now() >= open.end) throw disagreement(said, open.isProven);
    await delay(Math.min(pause.first * 2 ** open.turn, pause.most));
    open.turn += 1;
    this.#enqueue(open);
  }
}

/** Notes who answered a question how; the text, if any, that is now said by enough organizations. */
function tally(
  seen: Map<string, Set<string>>,
  said: readonly Said[],
  { at, needed }: { at: number; needed: number },
): string | undefined {
  const texts = said.map((one) => ({ mspId: one.mspId, text: one.texts[at] ?? '' }));
  for (const { text, mspId } of texts) {
    const by = seen.get(text) ?? new Set();
    seen.set(text, by.add(mspId));
  }
  return texts.find(({ text }) => (seen.get(text)?.size ?? 0) >= needed)?.text;
}

/**
 * Whether all answered from the same blocks: only then do they contradict each other. A height that is
 * asked for afterwards does not tell by itself: a peer that lags may have its block just then.
 */
async function hadTheSameBlocks(said: readonly Said[]): Promise<boolean> {
  const [first, ...others] = said.map(({ before }) => before);
  if (first === undefined || others.some((before) => before !== first)) return false;
  const after = await Promise.all(said.map((one) => one.height()));
  return after.every((height) => height === first);
}

function disagreement(said: readonly Said[], isProven: boolean): Error {
  const who = said.map(({ mspId, address }) => `${mspId} (${address})`).join(' and ');
  if (!isProven) return new Unavailable(`one of the peers of ${who} lags behind`);
  return new IntegrityError(`peers of ${who} have the same blocks and say different things`);
}
