/**
 * What became of what was acknowledged. Pure: a history and what lies there in the end give sentences,
 * one for each thing that must not be. A put whose tries all failed may have been done, or not.
 */
import type { Receipt } from '../../functions/lib/events.ts';
import {
  isAcknowledged,
  type Acknowledged,
  type Get,
  type Operation,
  type Put,
  type Stock,
} from './history.ts';

export interface Verdict {
  /** Puts with a receipt, and those that never got one. */
  acknowledged: number;
  unresolved: number;
  /** Acknowledged, and not there as it was acknowledged. */
  lost: string[];
  /** Done twice, or two puts in one place. */
  duplicated: string[];
  /** In another order than they were acknowledged in, or read as they were before. */
  reordered: string[];
}

/** Whether nothing acknowledged was lost, duplicated or reordered. */
export function isClean({ lost, duplicated, reordered }: Verdict): boolean {
  return lost.length + duplicated.length + reordered.length === 0;
}

/** @param history in whatever order */
export function judge(history: readonly Operation[], stock: Stock): Verdict {
  const puts = history.filter((one) => one.kind === 'put');
  const gets = history.filter((one): one is Get => one.kind === 'get' && !one.failure);
  const acknowledged = firstReceipts(puts);
  const ids = new Set(puts.map(({ id }) => id));
  return {
    acknowledged: acknowledged.length,
    unresolved: ids.size - acknowledged.length,
    lost: [
      ...acknowledged.flatMap((put) => faultOf(put, stock)),
      ...gets.flatMap((get) => unknownBody(get, ids)),
    ],
    duplicated: [
      ...twoReceipts(puts, acknowledged),
      ...byKey(acknowledged).flatMap(([, of]) => onePlace(of)),
      ...[...stock].flatMap(([key, versions]) => [
        ...twoPlaces(key, versions),
        ...holes(key, versions, puts),
      ]),
    ],
    reordered: byKey(acknowledged).flatMap(([key, of]) => [
      ...outOfOrder(of),
      ...stale(
        gets.filter((get) => get.key === key),
        of,
      ),
    ]),
  };
}

/** Of each acknowledged put the try that was answered first, as begun with its first try. */
function firstReceipts(puts: readonly Put[]): Acknowledged[] {
  const began = new Map<string, number>();
  for (const { id, started } of puts) began.set(id, Math.min(started, began.get(id) ?? started));
  const first = new Map<string, Acknowledged>();
  for (const put of puts.filter(isAcknowledged).sort((a, b) => a.ended - b.ended)) {
    if (!first.has(put.id)) first.set(put.id, { ...put, started: began.get(put.id) ?? 0 });
  }
  return [...first.values()];
}

function faultOf({ id, key, receipt }: Acknowledged, stock: Stock): string[] {
  const what = `${id}, acknowledged as version ${receipt.version} of ${key},`;
  const found = stock.get(key)?.find(({ version }) => version === receipt.version);
  if (!found) return [`${what} is not there`];
  if (found.body !== id) return [`${what} has the body of ${found.body ?? 'nobody'}`];
  if (!found.verified) return [`${what} does not match the chain`];
  const other = differences(receipt, found.receipt);
  return other.length === 0 ? [] : [`${what} has another receipt: ${other.join(', ')}`];
}

const differences = (one: Receipt, other: Receipt): string[] =>
  (Object.keys(one) as (keyof Receipt)[]).filter((name) => one[name] !== other[name]);

function unknownBody({ key, body }: Get, ids: ReadonlySet<string>): string[] {
  return body !== undefined && ids.has(body) ? [] : [`${key} was read with a body nobody put`];
}

function twoReceipts(puts: readonly Put[], acknowledged: readonly Acknowledged[]): string[] {
  const first = new Map(acknowledged.map(({ id, receipt }) => [id, receipt]));
  return puts.filter(isAcknowledged).flatMap(({ id, key, receipt }) => {
    const other = differences(first.get(id) ?? receipt, receipt);
    return other.length === 0 ? [] : [`${id} of ${key} has two receipts: ${other.join(', ')}`];
  });
}

function onePlace(puts: readonly Acknowledged[]): string[] {
  const places = Map.groupBy(puts, ({ receipt }) => receipt.version);
  return [...places].flatMap(([version, all]) => {
    if (all.length < 2) return [];
    return [`${all.map(({ id }) => id).join(' and ')} are both version ${version}`];
  });
}

type Versions = NonNullable<ReturnType<Stock['get']>>;

function twoPlaces(key: string, versions: Versions): string[] {
  const bodies = Map.groupBy(versions, ({ body }) => body);
  return [...bodies].flatMap(([body, all]) => {
    if (body === undefined || all.length < 2) return [];
    return [`${body} lies in ${key} as versions ${all.map(({ version }) => version).join(', ')}`];
  });
}

/** A try that failed may have used up a version; nothing else leaves one out. */
function holes(key: string, versions: Versions, puts: readonly Put[]): string[] {
  const last = Math.max(0, ...versions.map(({ version }) => version));
  const missing = last - versions.length;
  const tries = puts.filter((put) => put.key === key && put.failure !== undefined).length;
  return missing > tries ? [`${key} lacks ${missing} versions, and ${tries} tries failed`] : [];
}

/** In the order of versions, none ended before one of a lower version began. */
function outOfOrder(puts: readonly Acknowledged[]): string[] {
  let latest: Acknowledged | undefined;
  return [...puts]
    .sort((a, b) => a.receipt.version - b.receipt.version)
    .flatMap((put) => {
      const before = latest;
      if (!before || put.started > before.started) latest = put;
      if (!before || put.ended >= before.started) return [];
      const [lower, higher] = [before.receipt.version, put.receipt.version];
      return [`version ${lower} of ${put.key} began after version ${higher} was acknowledged`];
    });
}

/** A read sees whatever was acknowledged before it began. */
function stale(gets: readonly Get[], puts: readonly Acknowledged[]): string[] {
  const versionOf = new Map(puts.map(({ id, receipt }) => [id, receipt.version]));
  return gets.flatMap(({ key, version, body, started }) => {
    const seen = versionOf.get(body ?? '');
    if (seen === undefined) return [];
    if (version !== undefined)
      return seen === version ? [] : [`version ${version} of ${key} was read as ${seen}`];
    const known = puts.filter(({ ended }) => ended < started).map(({ receipt }) => receipt.version);
    const newest = Math.max(0, ...known);
    return seen < newest ? [`${key} was read as version ${seen} after ${newest} was there`] : [];
  });
}

const byKey = (puts: readonly Acknowledged[]) => [...Map.groupBy(puts, ({ key }) => key)];
