/**
 * Reads and commits of one client, grouped: those that meet are one exchange with etcd. A commit in a group
 * is still for itself: it compares and swaps, or does not, whatever becomes of the others.
 */
import DataLoader from 'dataloader';
import { CompareResult, CompareTarget, type Etcd3, type IRequestOp, type ITxnRequest } from 'etcd3';
import { NoSpace, TooLarge } from '../errors.ts';
import { inTurns, together } from '../turns.ts';
import { toEntry, type Change, type Entry, type Etcd } from './etcd.ts';

type Settled = PromiseSettledResult<string | undefined>;

interface Commit {
  expected: Record<string, string>;
  changes: Change[];
}

/** etcd takes 128 operations in a transaction (`--max-txn-ops`), and what is nested has what the outer one leaves. */
const mostReads = 128;
const mostCommits = 100;

/** Bytes of a transaction: etcd takes 1.5 MiB. One commit may have more than this, alone. */
const mostBytes = 1024 * 1024;

/**
 * @param alone what one read or commit does that meets no other
 * @param guarded gives an exchange its deadline and our errors
 */
export function grouped(
  client: Etcd3,
  alone: Pick<Etcd, 'get' | 'commit' | 'remove'>,
  guarded: <T>(work: Promise<T>) => Promise<T>,
): Pick<Etcd, 'get' | 'commit' | 'remove'> {
  const readAll = async (keys: string[]): Promise<(Entry | undefined)[]> => {
    const [only, ...others] = keys;
    if (only !== undefined && others.length === 0) return [await alone.get(only)];
    const success = keys.map((key) => ({ request_range: { key: Buffer.from(key) } }));
    const { responses } = await guarded(client.kv.txn({ success }));
    return responses.map(({ response_range: { kvs } }) => kvs[0] && toEntry(kvs[0]));
  };
  const commitAll = async (commits: Commit[]): Promise<(string | undefined)[]> => {
    const [only, ...others] = commits;
    if (only && others.length === 0) return [await commitAlone(alone, only)];
    const success = commits.map((commit) => ({ request_txn: transaction(commit) }));
    const failure = standIn(commits);
    const { responses, header } = await guarded(client.kv.txn({ success, failure }));
    return responses.map(({ response_txn: { succeeded } }) =>
      succeeded ? header.revision : undefined,
    );
  };
  const get = new DataLoader(
    async (keys: readonly string[]) =>
      (await together([...keys], readAll, isOfOne)).map(valueOrError),
    { cache: false, maxBatchSize: mostReads },
  );
  /** Those that have a key in common with an earlier one go by themselves, as if none met: of them one wins. */
  const commitEach = async (commits: Commit[]): Promise<Settled[]> => {
    const isFirst = disjoint();
    const { meeting = [], apart = [] } = Object.groupBy(commits, (one) =>
      isFirst(one) ? 'meeting' : 'apart',
    );
    const [met, others] = await Promise.all([
      together(meeting, commitAll, isOfOne),
      Promise.allSettled(apart.map((one) => commitAlone(alone, one))),
    ]);
    const settled = new Map(
      [...meeting, ...apart].map((one, at) => [one, [...met, ...others][at]]),
    );
    return commits.map((one) => settled.get(one) as Settled);
  };
  const commit = inTurns(commitEach, opened);
  return {
    get: (key) => get.load(key),
    commit: async (expected, changes) => {
      if (Object.keys(expected).length === 0) throw new Error('a transaction compares something');
      return commit({ expected, changes });
    },
    remove: async (key) => {
      await commit({ expected: {}, changes: [{ key }] });
    },
  };
}

/** One of them is too large for all, or writes where only deletions are taken. */
const isOfOne = (error: unknown): boolean => error instanceof TooLarge || error instanceof NoSpace;

function valueOrError<T>(settled: PromiseSettledResult<T>): T | Error {
  return settled.status === 'fulfilled' ? settled.value : (settled.reason as Error);
}

async function commitAlone(
  alone: Pick<Etcd, 'commit' | 'remove'>,
  { expected, changes }: Commit,
): Promise<string | undefined> {
  if (Object.keys(expected).length > 0) return alone.commit(expected, changes);
  await Promise.all(changes.map(({ key }) => alone.remove(key)));
  return undefined;
}

/**
 * A write that never comes to be, for nothing is compared. etcd counts none that is nested against its quota:
 * without it a store that is out of space would take them all.
 */
function standIn(commits: Commit[]): IRequestOp[] {
  const changes = commits.flatMap((commit) => commit.changes);
  const written = changes.find(({ value }) => value !== undefined);
  return written ? [{ request_put: { key: Buffer.from(written.key) } }] : [];
}

function transaction({ expected, changes }: Commit): ITxnRequest {
  return {
    compare: Object.entries(expected).map(([key, revision]) => ({
      ...{ target: CompareTarget.Mod, result: CompareResult.Equal },
      ...{ key: Buffer.from(key), mod_revision: revision },
    })),
    success: changes.map(({ key, value }) =>
      value === undefined
        ? { request_delete_range: { key: Buffer.from(key) } }
        : { request_put: { key: Buffer.from(key), value: Buffer.from(value) } },
    ),
  };
}

/** Tells of each commit in turn whether it fits. */
function opened(): (commit: Commit) => boolean {
  let [count, bytes] = [0, 0];
  return ({ changes }) => {
    const more = changes.reduce((sum, { key, value = '' }) => sum + key.length + value.length, 0);
    if (count > 0 && (count >= mostCommits || bytes + more > mostBytes)) return false;
    [count, bytes] = [count + 1, bytes + more];
    return true;
  };
}

/**
 * Tells of each commit in turn whether it has no key in common with those before of which that was so. In one
 * transaction each would see what was there before both.
 */
function disjoint(): (commit: Commit) => boolean {
  const touched = new Set<string>();
  return ({ expected, changes }) => {
    const keys = [...Object.keys(expected), ...changes.map(({ key }) => key)];
    if (keys.some((key) => touched.has(key))) return false;
    for (const key of keys) touched.add(key);
    return true;
  };
}
