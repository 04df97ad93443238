/**
 * The few etcd calls that are made, with deadlines and our errors: the only user of `etcd3`.
 * Reads are linearizable: a member that is cut off from its peers answers none.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Etcd3, type IKeyValue } from 'etcd3';
import { withDeadline } from '../deadline.ts';
import { NoSpace, TooLarge, Unavailable } from '../errors.ts';
import type { Tell } from '../suspicion/suspects.ts';
import { faultHandling } from './etcd-faults.ts';
import { grouped } from './etcd-groups.ts';

export interface EtcdOptions {
  /** `https://host:2379`, of every member. */
  endpoints: string[];
  /** The folder with `ca.crt`, `tls.crt` and `tls.key`; without one, no TLS (tests only). */
  tlsDir?: string;
  /**
   * Milliseconds for one exchange with one member; a call is given up after six times that. What a
   * follower passed on to a leader that died is lost, and waited for in vain: sooner asked again.
   */
  timeoutMs?: number;
  /** Hears of members that do not answer. */
  tell?: Tell;
  /** Whether reads, and commits, go together where they meet: for who makes many small ones. */
  inGroups?: boolean;
}

/** A key's value as read. `revision` is its mod revision. */
export interface Entry {
  key: string;
  value: Buffer;
  revision: string;
}

export interface Change {
  key: string;
  /** What to write; left out: the key is deleted. */
  value?: string | Buffer;
}

export interface Etcd {
  get(key: string): Promise<Entry | undefined>;
  /** At most `limit` entries whose keys begin with `prefix` and sort after `after`. */
  list(prefix: string, limit: number, after?: string): Promise<Entry[]>;
  /**
   * All changes, or none when a key is not at its expected revision (`'0'`: absent).
   *
   * A transaction that the SDK tried again after its answer was lost may find its own work and
   * give undefined: who gets that reads again before concluding anything.
   *
   * @returns the revision of what was written, or undefined
   */
  commit(expected: Record<string, string>, changes: Change[]): Promise<string | undefined>;
  /** Deletes a key, whatever it holds; what is absent is fine. */
  remove(key: string): Promise<void>;
  /** Deletes at most `limit` keys that begin with `prefix`, and says how many. */
  erase(prefix: string, limit: number): Promise<number>;
  /**
   * Writes a key that lasts until it is let go, or for so many seconds; undefined when it is there already.
   *
   * @returns what lets go of it
   */
  hold(key: string, seconds: number): Promise<(() => Promise<void>) | undefined>;
  close(): void;
}

/** The SDK's client, with deadlines: for what needs more than {@link Etcd}. */
export function connectEtcdClient(options: EtcdOptions): Etcd3 {
  const { endpoints, tlsDir, timeoutMs = 2_000, tell } = options;
  const file = (name: string): Buffer => readFileSync(join(tlsDir ?? '', name));
  return new Etcd3({
    hosts: endpoints,
    ...(tlsDir === undefined
      ? {}
      : {
          credentials: {
            rootCertificate: file('ca.crt'),
            privateKey: file('tls.key'),
            certChain: file('tls.crt'),
          },
        }),
    faultHandling: faultHandling(endpoints, tell),
    // Computed anew for each try; streams (watches) would have none.
    defaultCallOptions: ({ isStream }) => (isStream ? {} : { deadline: Date.now() + timeoutMs }),
  });
}

/**
 * Every method throws Unavailable when no member answers in time, NoSpace when etcd's quota is
 * used up (deletes still work), TooLarge for more than etcd takes in one request.
 */
export function connectEtcd(options: EtcdOptions): Etcd {
  const { timeoutMs = 2_000, inGroups = false } = options;
  const client = connectEtcdClient(options);
  const limit = timeoutMs * 6 + 1_000;
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await withDeadline(limit, work, () => new Unavailable('etcd does not answer'));
    } catch (error) {
      throw translate(error);
    }
  };

  const alone: Etcd = {
    async get(key) {
      const { kvs } = await guarded(client.get(key).exec());
      return kvs[0] && toEntry(kvs[0]);
    },

    async list(prefix, most, after) {
      // In the order of keys without being told; asked to sort, etcd reads all there is for each page.
      const range = client.getAll().limit(most);
      const from = after === undefined ? range.prefix(prefix) : range.inRange(rest(prefix, after));
      const { kvs } = await guarded(from.exec());
      return kvs.map(toEntry);
    },

    async commit(expected, changes) {
      const [first, ...others] = Object.entries(expected);
      if (!first) throw new Error('a transaction compares something');
      const transaction = client.if(first[0], 'Mod', '==', first[1]);
      for (const [key, revision] of others) transaction.and(key, 'Mod', '==', revision);
      transaction.then(
        ...changes.map(({ key, value }) =>
          value === undefined ? client.delete().key(key) : client.put(key).value(value),
        ),
      );
      const { succeeded, header } = await guarded(transaction.commit());
      return succeeded ? header.revision : undefined;
    },

    async remove(key) {
      await guarded(client.delete().key(key).exec());
    },

    async erase(prefix, limit) {
      // Only the keys are read: the values may be large.
      const range = client.getAll().prefix(prefix).limit(limit);
      const last = (await guarded(range.keys())).at(-1);
      if (last === undefined) return 0;
      const end = Buffer.concat([Buffer.from(last), Buffer.from([0])]);
      const until = { start: Buffer.from(prefix), end };
      return Number((await guarded(client.delete().inRange(until).exec())).deleted);
    },

    async hold(key, seconds) {
      const lease = client.lease(seconds, { autoKeepAlive: false });
      const letGo = (): Promise<void> => guarded(lease.revoke());
      const id = await guarded(lease.grant());
      const write = client.put(key).value('').lease(id);
      const { succeeded } = await guarded(client.if(key, 'Create', '==', 0).then(write).commit());
      if (succeeded) return letGo;
      await letGo();
      return undefined;
    },

    close: () => client.close(),
  };
  return inGroups ? { ...alone, ...grouped(client, alone, guarded) } : alone;
}

/** A key's value as the SDK gives it. */
export function toEntry({ key, value, mod_revision: revision }: IKeyValue): Entry {
  return { key: key.toString(), value, revision };
}

/** What sorts after `after` and still begins with `prefix` (whose last byte is never 0xff). */
function rest(prefix: string, after: string): { start: Buffer; end: Buffer } {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return { start: Buffer.concat([Buffer.from(after), Buffer.from([0])]), end };
}

function translate(error: unknown): Error {
  if (error instanceof Unavailable) return error;
  const cause = error as Error;
  if (cause.message.includes('database space exceeded')) {
    return new NoSpace('etcd is out of space', { cause });
  }
  if (/request is too large|message larger than max/.test(cause.message)) {
    return new TooLarge('etcd takes no more than 1.5 MiB at once', { cause });
  }
  if (cause.message.includes('permission denied')) return cause;
  return new Unavailable('etcd does not answer', { cause });
}
