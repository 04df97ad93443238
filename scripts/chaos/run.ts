/** Rounds of faults against a cluster that runs, with everything mended before, between and after. */
import { randomBytes } from 'node:crypto';
import { faults } from './faults/index.ts';
import type { Fault } from './faults/fault.ts';
import { runRound, type Clients, type Round } from './round.ts';
import { restoreFailover, withoutFailover } from './without-failover.ts';
import type { World } from './world.ts';

export interface RunOptions {
  /** In their order; one may be there more than once. */
  faults: readonly Fault[];
  rounds: number;
  /** With failover, without, or each round both ways. */
  failover: 'on' | 'off' | 'both';
  client: () => Promise<Clients>;
  signal: AbortSignal;
  /** Milliseconds for full strength to come; two minutes, if left out. */
  patienceMs?: number;
  /** Told of each round as it ends. */
  onRound: (round: Round) => Promise<void> | void;
}

/** @throws what a fault throws, after everything is mended */
export async function runFaults(world: World, options: RunOptions): Promise<Round[]> {
  await mend(world);
  const done: Round[] = [];
  const { signal, patienceMs } = options;
  const each = { signal, ...(patienceMs !== undefined && { patienceMs }) };
  try {
    for (const { fault, failover } of roundsOf(options)) {
      const client = await options.client();
      const prefix = `chaos/${randomBytes(6).toString('hex')}`;
      const round = (): Promise<Round> =>
        runRound(world, { fault, failover, client, prefix, ...each });
      done.push(await (failover ? round() : withoutFailover(world, round)));
      await options.onRound(done.at(-1) as Round);
    }
  } finally {
    await mend(world);
  }
  return done;
}

function roundsOf({ faults: chosen, rounds, failover }: RunOptions) {
  const ways = failover === 'both' ? [true, false] : [failover === 'on'];
  return chosen.flatMap((fault) =>
    Array.from({ length: rounds }, () => ways.map((on) => ({ fault, failover: on }))).flat(),
  );
}

/** Undoes whatever faults have left, of this run or of one that was killed. */
export async function mend(world: World): Promise<void> {
  const heals = new Set(faults.flatMap(({ heal }) => (heal ? [heal] : [])));
  for (const heal of heals) await heal(world);
  await restoreFailover(world);
}
