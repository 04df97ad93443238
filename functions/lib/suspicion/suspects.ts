/**
 * The addresses of one kind of server that a client found silent. A client tries them last, looks
 * at them in the background until they answer, and gives a call up that waits for one of them.
 *
 * Slow is not silent: a call may take its time as long as its address answers a look.
 */
import { Unavailable } from '../errors.ts';
import type { MemberKind } from '../events.ts';
import { afterAnswer, afterFailure, isDue, isSuspected, type Suspicion } from './memory.ts';
import { probe, type Answer, type Probe } from './probe.ts';

/** An address that does not answer; the same may be asked of another. */
export class Silent extends Unavailable {
  override readonly kind = 'unavailable' as const;

  constructor(address: string) {
    super(`${address} is silent`);
  }
}

/** Who hears of a failure: of which kind of server, where, and since when. */
export type Tell = (suspected: { kind: MemberKind; address: string; since: Date }) => void;

export interface SuspectsOptions {
  kind: MemberKind;
  tell?: Tell | undefined;
  /** Closes the connections to an address: what falls silent on one may never wake again. */
  drop?: (address: string) => void;
  probe?: Probe;
  now?: () => number;
  /** Milliseconds that a call may wait before its address is looked at. */
  patienceMs?: number;
}

/** Milliseconds: with two looks, a silent address is given up within a second. */
const defaultPatience = 350;

/** Milliseconds for which what a look saw holds for all who ask. */
const freshness = 500;

/** Addresses are `https://host:port` where TLS is spoken, `http://host:port` where not. */
export class Suspects {
  readonly #options: SuspectsOptions & Required<Pick<SuspectsOptions, 'probe' | 'now'>>;
  readonly #known = new Map<string, Suspicion>();
  readonly #looks = new Map<string, { at: number; answer: Promise<Answer> }>();
  readonly #attending = new Map<string, Set<() => void>>();

  constructor(options: SuspectsOptions) {
    this.#options = { probe, now: Date.now, ...options };
  }

  /** Those that are not suspected first; among equals in the order given. */
  inOrder(addresses: readonly string[]): string[] {
    const silent = addresses.filter((address) => this.isSuspected(address));
    return [...addresses.filter((address) => !silent.includes(address)), ...silent];
  }

  /** Whether others are to be tried before it. To ask has it looked at again, when it is time. */
  isSuspected(address: string): boolean {
    const known = this.#known.get(address);
    if (known && isDue(known, this.#options.now())) void this.#lookAgain(address);
    return isSuspected(known);
  }

  /** It is silent, or cannot be reached: that is told. */
  failed(address: string): void {
    const { kind, tell } = this.#options;
    const { since } = this.late(address);
    tell?.({ kind, address, since: new Date(since) });
  }

  /** It answers, but not what it was asked, or too late: it may be another that is to blame. */
  late(address: string): Suspicion {
    const known = afterFailure(this.#known.get(address), this.#options.now());
    this.#known.set(address, known);
    return known;
  }

  /** It did what it was asked. */
  answered(address: string): void {
    this.#known.delete(address);
  }

  /**
   * Calls `giveUp` once when the address is found silent; until the function that comes back is
   * called. Whoever else waits for it then gives it up too.
   */
  attend(address: string, giveUp: (reason: Silent) => void): () => void {
    const { patienceMs = defaultPatience } = this.#options;
    const waiting = this.#waitingFor(address);
    const look = async (): Promise<void> => {
      if ((await this.#look(address)) === 'silent') this.#fellSilent(address);
      if (waiting.has(end)) timer = setTimeout(() => void look(), freshness);
    };
    const stop = (): void => {
      clearTimeout(timer);
      waiting.delete(end);
    };
    const end = (): void => {
      stop();
      giveUp(new Silent(address));
    };
    let timer = setTimeout(() => void look(), patienceMs);
    waiting.add(end);
    return stop;
  }

  /** What `work` gives or throws; throws Silent when the address is found silent before. */
  async watch<T>(address: string, work: () => Promise<T>): Promise<T> {
    let stop = (): void => undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      stop = this.attend(address, reject);
    });
    try {
      return await Promise.race([work(), silence]);
    } finally {
      stop();
    }
  }

  /**
   * What the first address gives that does not fail. Only Unavailable passes on to the next: any other
   * error is an answer.
   *
   * @throws when all failed, what the first of them threw that was not silent: it knows most
   */
  async inTurn<T>(addresses: readonly string[], ask: (address: string) => Promise<T>): Promise<T> {
    const failures: Unavailable[] = [];
    for (const address of this.inOrder(addresses)) {
      try {
        const answer = await this.watch(address, () => ask(address));
        this.answered(address);
        return answer;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        this.late(address);
        failures.push(error);
      }
    }
    const told = failures.find((failure) => !(failure instanceof Silent)) ?? failures[0];
    throw told ?? new Unavailable('there is no address to ask');
  }

  #fellSilent(address: string): void {
    this.failed(address);
    for (const end of [...this.#waitingFor(address)]) end();
    this.#options.drop?.(address);
  }

  #waitingFor(address: string): Set<() => void> {
    const waiting = this.#attending.get(address) ?? new Set();
    this.#attending.set(address, waiting);
    return waiting;
  }

  async #lookAgain(address: string): Promise<void> {
    const answer = await this.#look(address);
    const known = this.#known.get(address);
    if (!known) return;
    if (answer === 'answers') this.#known.set(address, afterAnswer(known));
    else if (isDue(known, this.#options.now())) this.failed(address);
  }

  /** What is asked at about the same time is one look. */
  #look(address: string): Promise<Answer> {
    const now = this.#options.now();
    const last = this.#looks.get(address);
    if (last && now - last.at < freshness) return last.answer;
    const answer = this.#options.probe(address);
    this.#looks.set(address, { at: now, answer });
    return answer;
  }
}
