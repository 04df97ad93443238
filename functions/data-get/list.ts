/**
 * The data of a network that are the caller's own, by their keys. etcd says which there may be, in their order;
 * whose each is, and which version counts, the chain says. What etcd leaves out nobody misses.
 */
import { concurrently } from '../lib/concurrently.ts';
import type { Incarnation } from '../lib/data/datum.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Datum } from '../lib/data/model.ts';
import type { Caller } from '../lib/function/authentication.ts';
import type { DataList, ListedDatum } from '../lib/events.ts';
import { opened, sealed } from './cursor.ts';
import type { Deps } from './deps.ts';

export interface ListRequest {
  network: Incarnation;
  caller: Pick<Caller, 'id'>;
  /** What the keys begin with. */
  prefix: string;
  /** The most of them. */
  limit: number;
  /** The `next` of the page before; undefined for the first. */
  cursor: string | undefined;
}

/** How many data of whomever are looked at for a page; so one may be short, or empty, and not the last. */
export const mostLooked = 500;

/** How many heads are asked for at the same time: the chain answers them together. */
const mostAtOnce = 50;

/** @throws BadRequest, Unavailable, IntegrityError */
export async function list(deps: Deps, request: ListRequest): Promise<DataList> {
  const { network, caller, prefix, limit, cursor } = request;
  const after = cursor === undefined ? undefined : await opened(deps.names, request, cursor);
  const found = await deps.metadata.data(network, { prefix, after, most: mostLooked });
  const { keys, next } = pageOf(found, { owner: caller.id, limit });
  const heads = await concurrently(mostAtOnce, keys, (key) => deps.chain.head({ ...network, key }));
  const items = keys.flatMap((key, at) => listed(key, heads[at], caller.id));
  return { items, ...(next !== undefined && { next: await sealed(deps.names, request, next) }) };
}

/** A datum with its key. */
type Keyed = Pick<Datum, 'owner' | 'erasedAt'> & { key: string };

/** The keys on a page, and the key after which the next one begins; undefined when this is the last. */
export function pageOf(
  found: readonly Keyed[],
  { owner, limit, most = mostLooked }: { owner: string; limit: number; most?: number },
): { keys: string[]; next: string | undefined } {
  const own = found.filter((one) => one.owner === owner && one.erasedAt === undefined);
  const keys = own.slice(0, limit).map(({ key }) => key);
  if (own.length > limit) return { keys, next: keys.at(-1) };
  return { keys, next: found.length < most ? undefined : found.at(-1)?.key };
}

/** Nothing of what the chain does not know as the caller's: it was never anchored, or made up, or erased. */
function listed(key: string, head: Head | undefined, owner: string): ListedDatum[] {
  if (head?.owner !== owner || head.erased) return [];
  return [{ key, version: head.version }];
}
