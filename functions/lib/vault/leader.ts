/**
 * Which member of Vault leads. The others pass on to it what they are asked, and a request on its way to
 * one whose machine is gone keeps the next leader from its place for half a minute (seen: Vault waits
 * for them). So none is asked to pass anything on: each says by itself whether it leads.
 */
import { VaultUnavailable, type Answer } from './exchange.ts';

export interface LeaderOptions {
  /** The members, those first that are believed to answer. */
  inOrder: () => readonly string[];
  /** What a member says at `sys/leader`, which it answers by itself and to anybody. */
  ask: (address: string) => Promise<Answer | undefined>;
  now?: () => number;
}

/** Milliseconds for which a leader is taken for one: it may have passed its place on. */
const freshness = 5_000;

export class Leader {
  readonly #options: LeaderOptions & Required<Pick<LeaderOptions, 'now'>>;
  #known: { address: string; until: number } | undefined;
  #finding: Promise<string> | undefined;

  constructor(options: LeaderOptions) {
    this.#options = { now: Date.now, ...options };
  }

  /** @throws VaultUnavailable when none says that it leads */
  async address(): Promise<string> {
    const { now } = this.#options;
    if (this.#known && this.#known.until > now()) return this.#known.address;
    // Whoever asks meanwhile waits for the same.
    this.#finding ??= this.#find().finally(() => (this.#finding = undefined));
    const address = await this.#finding;
    this.#known = { address, until: now() + freshness };
    return address;
  }

  /** It did not do what it was asked: another may lead. */
  forget(address: string): void {
    if (this.#known?.address === address) this.#known = undefined;
  }

  async #find(): Promise<string> {
    const { inOrder, ask } = this.#options;
    const addresses = inOrder();
    const [only] = addresses;
    // One may stand for all.
    if (only !== undefined && addresses.length === 1) return only;
    const asked = addresses.map((address) => ({ address, said: heard(ask(address)) }));
    const failures: Error[] = [];
    for (const { address, said } of asked) {
      const answer = await said;
      if (answer instanceof Error) failures.push(answer);
      else if (answer?.is_self) return address;
    }
    throw failures[0] ?? new VaultUnavailable('Vault has no leader', { retryAfter: 5 });
  }
}

/** What a member said, or why it said nothing. */
async function heard(asked: Promise<Answer | undefined>): Promise<Answer | undefined | Error> {
  try {
    return await asked;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
