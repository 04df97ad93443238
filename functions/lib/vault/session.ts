/** What a login gives. */
export interface Login {
  token: string;
  /** Milliseconds since the epoch after which to log in anew. */
  until: number;
}

/** A login that is kept until its time is over, or until its token is refused. */
export class Session {
  readonly #login: () => Promise<Login>;
  #known: Login | undefined;
  #opening: Promise<Login> | undefined;

  constructor(login: () => Promise<Login>) {
    this.#login = login;
  }

  /** @throws what the login throws */
  async token(): Promise<string> {
    if (this.#known && this.#known.until > Date.now()) return this.#known.token;
    // One login at a time; whoever comes meanwhile waits for the same.
    this.#opening ??= this.#open().finally(() => (this.#opening = undefined));
    return (await this.#opening).token;
  }

  /** A refused token is not used again. One that came after it stays. */
  forget(token: string): void {
    if (this.#known?.token === token) this.#known = undefined;
  }

  async #open(): Promise<Login> {
    return (this.#known = await this.#login());
  }
}
