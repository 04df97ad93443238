/** Keeps one server in the pool and its brick in the volume: looks, decides, does one thing, and looks again. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { readEnv } from '../../functions/lib/function/env.ts';
import type { Logger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { end, isMarked, isUsed, listens, owes } from './brick.ts';
import { decide, isSettled, missingServers, speaks, type State, type Step } from './decide.ts';
import { gluster } from './gluster.ts';
import { answering, Glusterd } from './glusterd.ts';
import { serveShut } from './serve-shut.ts';
import { Health, serve } from './serve.ts';
import { Shut } from './shut.ts';

const environment = {
  /** This server's host name, as all others know it. */
  SERVER: z.string().min(1),
  /** Those of all servers, in the order of their pods. */
  SERVERS: z.string().transform((list) => list.split(',')),
  BRICK: z.string().startsWith('/'),
  /** The addresses of the node that this server runs on; none where it is not a pod. */
  NODE_ADDRESSES: z
    .string()
    .default('')
    .transform((list) => list.split(',').filter(Boolean)),
  PORT: z.coerce.number().int().default(9080),
  /** Where failover says who is to be kept out. */
  SHUT_PORT: z.coerce.number().int().default(9081),
};

interface Self {
  me: string;
  servers: string[];
  brick: string;
}

/**
 * Milliseconds between two looks. Each runs Gluster's command several times, and has the servers ask each other. Gluster
 * starts to heal by itself when a brick is back.
 */
const pauses = { busy: 2_000, healing: 10_000, quiet: 20_000 };

/** @throws Error when glusterd ends */
export async function keep(log: Logger, signal: AbortSignal): Promise<void> {
  const env = readEnv(environment);
  const self: Self = { me: env.SERVER, servers: env.SERVERS, brick: env.BRICK };
  const glusterd = new Glusterd();
  const health = new Health();
  const shut = new Shut(`${self.brick}.shut`, env.NODE_ADDRESSES);
  // Whoever was kept out is, before there is anything to reach.
  await shut.restore();
  const servers = [await serve(health, env.PORT), await serveShut(shut, env.SHUT_PORT, log)];
  try {
    await glusterd.start(self.me, self.brick);
    await answering(gluster.peers, signal);
    while (!signal.aborted)
      await Promise.race([turn(self, glusterd, health, log), glusterd.failed]);
  } finally {
    for (const server of servers) server.close();
    await glusterd.stop();
  }

  async function turn(...args: Parameters<typeof pass>): Promise<void> {
    const pause = await pass(...args);
    // Servers that look at the same time keep each other out of the volume.
    await delay(pauses[pause] * (0.75 + 0.5 * Math.random()), undefined, { signal });
  }
}

/** One look and the step that it calls for; what fails is tried again by the next. @returns how soon that is */
async function pass(
  self: Self,
  glusterd: Glusterd,
  health: Health,
  log: Logger,
): Promise<keyof typeof pauses> {
  const failed = (error: unknown): undefined => {
    log.warn({ error }, 'tried again');
    return undefined;
  };
  const state = await look(self, health).catch(failed);
  if (!state) {
    health.missed();
    return 'busy';
  }
  health.saw(state);
  const step = decide(state);
  if (health.tells(step)) log.info({ step }, 'next');
  const isDone = await act(step, self, glusterd).then(() => true, failed);
  return isDone ? pauseAfter(step, state) : 'busy';
}

function pauseAfter(step: Step, state: State): keyof typeof pauses {
  if (step.do === 'heal') return 'healing';
  return step.do === 'nothing' && isSettled(state) ? 'quiet' : 'busy';
}

async function look({ me, servers, brick }: Self, health: Health): Promise<State> {
  const peers = await gluster.peers();
  const volume = await gluster.volume();
  const bricks = volume?.started ? await gluster.bricks() : [];
  const asks = bricks.length > 0 && speaks({ me, servers, peers });
  const heal = asks ? await gluster.behind().catch(() => []) : [];
  const others = missingServers({ me, servers, peers }).length > 0 ? await ask(me, servers) : [];
  const isOnline = bricks.some(({ host, online }) => host === me && online);
  const own = await lookAtOwn(brick, { isStarted: volume?.started ?? false, isOnline });
  const { brickIsFound } = own;
  const unchangedFor = health.unchangedFor({ peers, volume, bricks, brickIsFound });
  return { me, servers, peers, others, volume, bricks, heal, ...own, unchangedFor };
}

type Own = Pick<State, 'brickBelongs' | 'brickIsFound' | 'brickIsUsed' | 'brickOwes'>;

async function lookAtOwn(
  brick: string,
  { isStarted, isOnline }: { isStarted: boolean; isOnline: boolean },
): Promise<Own> {
  const brickIsFound = isStarted && (await isFound(brick));
  const isLost = isOnline && !brickIsFound;
  return {
    brickBelongs: (await isMarked(brick)) && !existsSync(resetting(brick)),
    brickIsFound,
    brickIsUsed: isLost && (await isUsed()),
    brickOwes: isLost ? await owes(brick) : 0,
  };
}

/** Does what a client does first. */
async function isFound(brick: string): Promise<boolean> {
  const port = await gluster.portOf(brick);
  return port !== undefined && (await listens(port));
}

/**
 * There from before a brick is made anew until that has succeeded. A reset that fails may leave the folder marked and
 * served, with nothing in it and nobody told to fill it: it would count as a good copy.
 */
const resetting = (brick: string): string => `${brick}.resetting`;

/** glusterd takes a folder for the brick it has heard of only once it has read that again from its own disk. */
async function knownAnew(glusterd: Glusterd): Promise<void> {
  await glusterd.restart();
  await until({ what: 'the other servers', timeoutMs: 30_000, mostMs: 500 }, async () => {
    const peers = await gluster.peers();
    return peers.every(({ connected, befriended }) => connected && befriended);
  });
}

function ask(me: string, servers: string[]): Promise<State['others'][number][]> {
  const others = servers.filter((host) => host !== me);
  return Promise.all(others.map(async (host) => ({ host, knows: await gluster.peersOf(host) })));
}

async function act(step: Step, { me, servers, brick }: Self, glusterd: Glusterd): Promise<void> {
  const brickOf = (host: string): string => `${host}:${brick}`;
  const acts: { [Do in Step['do']]: (step: Extract<Step, { do: Do }>) => Promise<void> | void } = {
    probe: ({ host }) => gluster.probe(host),
    'restart-glusterd': () => glusterd.restart(),
    'create-volume': () => gluster.create(servers.map(brickOf)),
    'start-volume': () => gluster.start(),
    'set-options': ({ options }) => gluster.set(options),
    'reset-brick': async () => {
      if (!existsSync(resetting(brick))) await knownAnew(glusterd);
      await writeFile(resetting(brick), '');
      await gluster.reset(brickOf(me));
      await rm(resetting(brick));
    },
    'start-brick': () => gluster.startBricks(),
    'restart-brick': async ({ pid }) => {
      await end(pid);
      await gluster.startBricks();
    },
    heal: () => gluster.heal(),
    wait: () => undefined,
    nothing: () => undefined,
  };
  await (acts[step.do] as (step: Step) => Promise<void> | void)(step);
}
