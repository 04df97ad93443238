/** Puts and gets without pause, as callers would, and keeps a record of every try. */
import { randomUUID } from 'node:crypto';
import type { DataClient } from '../cli/client.ts';
import { until } from '../../functions/lib/until.ts';
import { keepCalling } from './caller.ts';
import { isAcknowledged, type Acknowledged, type Operation } from './history.ts';
import { bodyOf, putOf } from './probe-body.ts';

export interface ProberOptions {
  /** Tells every answer: it must not try again by itself. */
  client: Pick<DataClient, 'put' | 'get'>;
  /** What all its keys begin with: no two probers may share it. */
  prefix: string;
  writers?: number;
  readers?: number;
  /** Milliseconds in which what was not acknowledged is tried again at the end. */
  settleMs?: number;
}

export interface Prober {
  /** All tries that have ended. */
  readonly history: readonly Operation[];
  /** Ends the callers, tries again what was never acknowledged, and returns the whole history. */
  stop(): Promise<readonly Operation[]>;
}

/** Milliseconds between two operations of one caller. Puts take longer than that anyway. */
const paceMs = 50;

/** A put by its idempotency key. */
interface Wanted {
  id: string;
  key: string;
}

/** Some versions of few keys, and keys of one version. */
const sharedKeys = 3;

export function startProber(options: ProberOptions): Prober {
  const { writers = 3, readers = 2, settleMs = 60_000 } = options;
  const probe = new Probe(options);
  const over = new AbortController();
  const calling = { signal: over.signal, paceMs };
  const callers = [
    ...Array.from({ length: writers }, () => keepCalling(() => probe.putNext(), calling)),
    ...Array.from({ length: readers }, () => keepCalling(() => probe.getNext(), calling)),
  ];
  const stop = async (): Promise<readonly Operation[]> => {
    over.abort();
    await Promise.all(callers);
    await probe.settle(settleMs);
    return probe.history;
  };
  let ended: ReturnType<typeof stop> | undefined;
  return { history: probe.history, stop: () => (ended ??= stop()) };
}

class Probe {
  readonly history: Operation[] = [];
  readonly #client: ProberOptions['client'];
  readonly #prefix: string;
  readonly #acknowledged: Acknowledged[] = [];
  /** What failed, to be tried again. */
  readonly #again: Wanted[] = [];
  #puts = 0;
  #gets = 0;

  constructor({ client, prefix }: ProberOptions) {
    this.#client = client;
    this.#prefix = prefix;
  }

  putNext(): Promise<void> {
    return this.#put(this.#again.shift() ?? this.#wanted(this.#puts++));
  }

  /** Every eighth is one that was acknowledged; of the others, half go to keys that are put again and again. */
  #wanted(n: number): Wanted {
    const known = this.#acknowledged.at(-1 - (n % 5));
    if (n % 8 === 7 && known) return known;
    const key = n % 2 === 0 ? `shared-${(n / 2) % sharedKeys}` : `own-${n}`;
    return { id: randomUUID(), key: `${this.#prefix}/${key}` };
  }

  async #put({ id, key }: Wanted): Promise<void> {
    const put = { kind: 'put', key, id } as const;
    const options = { contentType: 'application/json', idempotencyKey: id };
    const tried = await this.#timed(async () => ({
      ...put,
      receipt: await this.#client.put(key, bodyOf(id), options),
    }));
    const done = { ...put, ...tried };
    this.history.push(done);
    if (isAcknowledged(done)) this.#acknowledged.push(done);
    else this.#again.push({ id, key });
  }

  /** Now what is current of the last keys, now a version of any. */
  getNext(): Promise<void> {
    const n = this.#gets++;
    const all = this.#acknowledged;
    if (n % 2 === 0) {
      const known = all.at(-1 - ((n / 2) % sharedKeys));
      return known ? this.#get({ key: known.key }) : Promise.resolve();
    }
    const known = all[(n * 7) % all.length];
    if (!known) return Promise.resolve();
    return this.#get({ key: known.key, version: known.receipt.version });
  }

  async #get(asked: { key: string; version?: number }): Promise<void> {
    const tried = await this.#timed(async () => ({
      body: putOf(await this.#client.get(asked.key, asked.version)),
    }));
    this.history.push({ kind: 'get', ...asked, ...tried });
  }

  async #timed<T extends object>(work: () => Promise<T>) {
    const started = performance.now();
    try {
      const given = await work();
      return { started, ended: performance.now(), ...given };
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return { started, ended: performance.now(), failure };
    }
  }

  /** One that never is acknowledged stays unresolved: the verdict counts it. */
  async settle(timeoutMs: number): Promise<void> {
    await until({ what: 'the last puts', timeoutMs, firstMs: 250 }, async () => {
      const left = this.#again.splice(0);
      await Promise.all(left.map((wanted) => this.#put(wanted)));
      return this.#again.length === 0;
    }).catch(() => undefined);
  }
}
