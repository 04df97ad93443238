/**
 * Keeps nodes out: nothing that they send reaches this server any more, whatever they still run. It is
 * this server's own doing, by its own kernel: Gluster's `auth.reject` needs the agreement of servers that may be
 * as silent as the node that is to be kept out, and ends the mount of a node that comes back.
 *
 * Told to keep out the node that it runs on, a server serves no brick to anybody: what that node's programs have locked
 * there would keep others from their ledgers, and whatever they still write would have to be healed away.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { isIP, isIPv6 } from 'node:net';

import { attempt, run } from '../../scripts/lib/shell.ts';

/** The addresses that are kept out, in a file beside the brick: a server that starts anew keeps on keeping out. */
export class Shut {
  readonly #file: string;
  readonly #apply: (addresses: readonly string[]) => Promise<void>;
  #addresses: readonly string[] = [];
  /** One change at a time. */
  #changing: Promise<void> = Promise.resolve();

  /** @param own the addresses of the node that this server runs on */
  constructor(file: string, own: readonly string[], apply = keepOutOf(own)) {
    this.#file = file;
    this.#apply = apply;
  }

  /** Those of which nothing comes through. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  /** Keeps out those that were kept out before; to be called before anybody is served. */
  async restore(): Promise<void> {
    const text = await readFile(this.#file, 'utf8').catch(unlessMissing);
    const addresses = text.split('\n').filter(isAddress);
    // A kernel that cannot do it is found out when it has to.
    if (addresses.length > 0) await this.#apply(addresses);
    this.#addresses = addresses;
  }

  /** Returns when nothing of the address comes through any more, also after a start. */
  close(address: string): Promise<void> {
    return this.#change((before) => [...before.filter((one) => one !== address), address]);
  }

  /** Lets an address in again. */
  open(address: string): Promise<void> {
    return this.#change((before) => before.filter((one) => one !== address));
  }

  #change(change: (before: readonly string[]) => string[]): Promise<void> {
    const changed = this.#changing.then(async () => {
      const addresses = change(this.#addresses);
      await this.#write(addresses);
      await this.#apply(addresses);
      this.#addresses = addresses;
    });
    this.#changing = changed.catch(() => undefined);
    return changed;
  }

  async #write(addresses: readonly string[]): Promise<void> {
    const beside = `${this.#file}.new`;
    await writeFile(beside, addresses.map((one) => `${one}\n`).join(''), { flush: true });
    await rename(beside, this.#file);
  }
}

export const isAddress = (text: string): boolean => isIP(text) !== 0;

function unlessMissing(error: unknown): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
  throw error;
}

const table = 'table inet selvedge-shut';

/** Where bricks listen: glusterd's `base-port` and `max-port`. */
const bricks = { first: 49152, last: 60999 };

/** A connection is answered with a reset, so that a mount learns at once that this server is closed to it. */
const refused = 'reject with tcp reset';

/**
 * Rules for nft(8) that put others in the place of those before, in one step.
 *
 * @param own the addresses of this server's own node
 */
export function ruleset(addresses: readonly string[], own: readonly string[]): string {
  const rules = addresses.flatMap((address) => {
    const from = `${isIPv6(address) ? 'ip6' : 'ip'} saddr ${address}`;
    return [`${from} meta l4proto tcp ${refused}`, `${from} drop`];
  });
  // Programs of the own node come by any address, that of a bridge for one; this server's own stay.
  if (isOwn(addresses, own))
    rules.unshift(`iifname != "lo" tcp dport ${bricks.first}-${bricks.last} ${refused}`);
  const chain = ['type filter hook input priority -10; policy accept;', ...rules];
  // What is not there cannot be deleted: it is made first.
  return [table, `delete ${table}`, `${table} {`, 'chain input {', ...chain, '}', '}', ''].join(
    '\n',
  );
}

function isOwn(addresses: readonly string[], own: readonly string[]): boolean {
  return addresses.some((address) => own.includes(address));
}

function keepOutOf(own: readonly string[]) {
  return async (addresses: readonly string[]): Promise<void> => {
    await run('nft', ['-f', '-'], { input: ruleset(addresses, own), timeout: 5_000 });
    // Connections that were there go now, and with them the locks that would keep others from a ledger. Where the
    // kernel cannot end them, the brick does when they stay silent.
    for (const address of addresses) await endConnections(`dst ${address}`);
    if (isOwn(addresses, own)) await endConnections(toBricks);
  };
}

/** As the rule: this server's own connections stay, which may have such a port by chance. */
export const toBricks = `sport >= :${bricks.first} and sport <= :${bricks.last} and not dst 127.0.0.0/8`;

const endConnections = (filter: string): Promise<unknown> =>
  attempt('ss', ['--kill', '--tcp', filter]);
