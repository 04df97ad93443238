/** One fault, once: what callers saw of it, and how long it took until all was as before. */
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../functions/lib/until.ts';
import type { DataClient } from '../cli/client.ts';
import type { Fault } from './faults/fault.ts';
import { failures } from './failures.ts';
import { kinds, type Kind, type Operation } from './history.ts';
import { startProber } from './prober.ts';
import { takeStock } from './stock.ts';
import { lacking, look } from './strength.ts';
import { gaps, longest, type Gap } from './timing.ts';
import { judge, type Verdict } from './verdict.ts';
import type { Pod, World } from './world.ts';

/** What is kept of a round: plain JSON. All times are milliseconds, and those of events count from the strike. */
export interface Round {
  fault: string;
  failover: boolean;
  /** What was hit, and what is to be said of it. */
  hit: string;
  remark?: string;
  calls: Record<Kind, Calls>;
  healed?: number;
  /** Full strength: without what is away, or else with it back. Left out where it did not come. */
  strong?: number;
  /** What was missing when it was healed, or in the end. */
  lacked: string[];
  /** The end of the probing. */
  end: number;
  verdict: Verdict;
}

/** What callers saw of one kind of operation. */
export interface Calls {
  tries: number;
  failed: number;
  /** The longest time without a success before the strike, and after. */
  quiet: number;
  longest: number;
  /** All such times after the strike that are worth a picture. */
  gaps: Gap[];
}

/** One that tells every answer, and one that tries again. */
export interface Clients {
  once: DataClient;
  patient: DataClient;
}

export interface RoundOptions {
  fault: Fault;
  failover: boolean;
  client: Clients;
  prefix: string;
  signal: AbortSignal;
  /** Milliseconds of probing before the strike, and at full strength: what still ails then shows. */
  quietMs?: number;
  afterMs?: number;
  /** For full strength to come. */
  patienceMs?: number;
}

/** Milliseconds of a gap that a picture shows. */
const visibleMs = 250;

export async function runRound(world: World, options: RoundOptions): Promise<Round> {
  const { fault, failover, client, prefix, signal, quietMs = 10_000, afterMs = 3_000 } = options;
  await atFullStrength(world, options);
  const aim = await fault.aim(world);
  const prober = startProber({ client: client.once, prefix });
  try {
    await flowing(prober, signal);
    const began = performance.now();
    await delay(quietMs, undefined, { signal });
    world.say(`${fault.name}: ${aim.what}`);
    const struck = performance.now();
    const remark = await aim.strike();
    const course = await recover(world, options, aim.absent);
    await delay(afterMs, undefined, { signal });
    const end = performance.now();
    const history = await prober.stop();
    const since = (at: number): number => Math.round(at - struck);
    for (const line of failures(history, struck)) world.say(`${fault.name}: ${line}`);
    return {
      ...{ fault: fault.name, failover, hit: aim.what, ...(remark && { remark }) },
      calls: {
        put: callsOf(history, 'put', { began, struck, end }),
        get: callsOf(history, 'get', { began, struck, end }),
      },
      ...(course.healed !== undefined && { healed: since(course.healed) }),
      ...(course.strong !== undefined && { strong: since(course.strong) }),
      ...{ lacked: course.lacked, end: since(end) },
      verdict: judge(history, await takeStock(client.patient, history, world.say)),
    };
  } finally {
    await fault.heal?.(world);
    await prober.stop();
  }
}

/** What fails before a fault strikes is not the fault's. */
async function atFullStrength(world: World, { fault, signal, patienceMs }: RoundOptions) {
  world.say(`${fault.name}: waiting for full strength`);
  const { lacked } = await strength(world, { signal, timeoutMs: patienceMs ?? 300_000 });
  if (lacked.length > 0) throw new Error(`the cluster lacks ${lacked.join(', ')} before the fault`);
}

interface Course {
  healed?: number;
  strong?: number;
  lacked: string[];
}

/** Waits for full strength; what is held is healed before, if it takes too long. */
async function recover(
  world: World,
  { fault, signal, patienceMs = 120_000 }: RoundOptions,
  absent?: (pod: Pod) => boolean,
): Promise<Course> {
  const { holdMs = patienceMs, heal, passing } = fault;
  const first = passing
    ? await delay(holdMs, { lacked: [] }, { signal })
    : await strength(world, { signal, timeoutMs: holdMs, ...(absent && { absent }) });
  if (heal === undefined) return first;
  world.say(`${fault.name}: healing`);
  const healed = performance.now();
  await heal(world);
  const second = await strength(world, { signal, timeoutMs: patienceMs });
  // What is still missing in the end says more than what was while something was away.
  const lacked = second.lacked.length > 0 ? second.lacked : first.lacked;
  return { ...second, ...first, lacked, healed };
}

interface StrengthOptions {
  signal: AbortSignal;
  timeoutMs: number;
  absent?: (pod: Pod) => boolean;
}

/** When it is there, or what is missing when patience ends. */
async function strength(
  world: World,
  { signal, timeoutMs, absent }: StrengthOptions,
): Promise<Pick<Course, 'strong' | 'lacked'>> {
  let lacked: string[] = [];
  const wait = { what: 'full strength', timeoutMs, firstMs: 500, mostMs: 500, signal };
  try {
    await until(wait, async () => {
      lacked = lacking(await look(world.kubernetes), absent);
      return lacked.length === 0;
    });
    return { strong: performance.now(), lacked };
  } catch {
    signal.throwIfAborted();
    return { lacked };
  }
}

/** Functions may have slept: the first answers say nothing of a fault. */
async function flowing(prober: { history: readonly Operation[] }, signal: AbortSignal) {
  const wait = { what: 'the first put and get', timeoutMs: 60_000, mostMs: 250, signal };
  await until(wait, () =>
    Promise.resolve(
      kinds.every((kind) => prober.history.some((one) => one.kind === kind && !one.failure)),
    ),
  );
}

/** Pure. */
export function callsOf(
  history: readonly Operation[],
  kind: Kind,
  { began, struck, end }: { began: number; struck: number; end: number },
): Calls {
  const own = history.filter((one) => one.kind === kind && one.ended > struck);
  const after = gaps(history, kind, { from: struck, to: end });
  return {
    tries: own.length,
    failed: own.filter(({ failure }) => failure !== undefined).length,
    quiet: Math.round(longest(gaps(history, kind, { from: began, to: struck }))),
    longest: Math.round(longest(after)),
    gaps: after
      .filter(({ from, to }) => to - from > visibleMs)
      .map(({ from, to }) => ({ from: Math.round(from - struck), to: Math.round(to - struck) })),
  };
}
