/** Keeps one member of RabbitMQ: has it form a cluster, join it or come back to it, and starts it again when it ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

import { readEnv } from '../../functions/lib/function/env.ts';
import type { Logger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { decide, type Step } from './decide.ts';
import { RabbitMQ } from './rabbitmq.ts';
import { ask, serve, type Standing } from './serve.ts';

const environment = {
  /** This member's host name, as all others know it. */
  MEMBER: z.string().min(1),
  /** Those of all members, in the order of their pods. */
  MEMBERS: z.string().transform((list) => list.split(',')),
  DATA: z.string().startsWith('/'),
  RUN: z.string().startsWith('/'),
  TLS_DIR: z.string().startsWith('/'),
  CREDENTIALS_DIR: z.string().startsWith('/'),
  PORT: z.coerce.number().int().default(9080),
};

/** Milliseconds before the next look, or the next start. */
const pause = 1000;

type Way = Exclude<Step, { do: 'wait' }>;

/** Keeps it until the signal. */
export async function keep(log: Logger, signal: AbortSignal): Promise<void> {
  const env = readEnv(environment);
  const { DATA: data, RUN: run, TLS_DIR: tls, CREDENTIALS_DIR: credentials } = env;
  const rabbitmq = new RabbitMQ(env.MEMBER, { data, run, tls, credentials });
  const standing: Standing = { says: onDisk(rabbitmq) };
  const server = await serve(standing, env.PORT);
  signal.addEventListener('abort', () => void rabbitmq.stop());
  try {
    let waitedInVain = false;
    while (!signal.aborted) {
      const way = await choose({ ...env, rabbitmq, waitedInVain, log, signal });
      log.info({ way }, 'starting');
      waitedInVain = !(await life({ me: env.MEMBER, way, rabbitmq, standing, log, signal }));
      standing.says = onDisk(rabbitmq);
      await delay(pause, undefined, { signal });
    }
  } finally {
    server.close();
    await rabbitmq.stop();
  }
}

const onDisk = ({ isKept }: RabbitMQ): 'kept' | 'empty' => (isKept ? 'kept' : 'empty');

interface Choice {
  MEMBER: string;
  MEMBERS: string[];
  PORT: number;
  rabbitmq: RabbitMQ;
  waitedInVain: boolean;
  log: Logger;
  signal: AbortSignal;
}

/** Asks the others until it is clear how to start. */
async function choose({ MEMBER: me, MEMBERS: members, PORT: port, ...more }: Choice): Promise<Way> {
  const { rabbitmq, waitedInVain, log, signal } = more;
  const hosts = members.filter((host) => host !== me);
  let told = '';
  for (;;) {
    const others = await Promise.all(hosts.map((host) => ask(host, port)));
    const step = decide({ me, members, says: onDisk(rabbitmq), others, waitedInVain });
    if (step.do !== 'wait') return step;
    if (told !== step.for) log.info(step, 'waiting');
    told = step.for;
    await delay(pause, undefined, { signal });
  }
}

interface Life {
  me: string;
  way: Way;
  rabbitmq: RabbitMQ;
  standing: Standing;
  log: Logger;
  signal: AbortSignal;
}

/** From one start of RabbitMQ to its end. @returns whether it was a part of the cluster */
async function life(of: Life): Promise<boolean> {
  const { way, rabbitmq, standing, log, signal } = of;
  try {
    await start(of);
    await grow(of).catch((error: unknown) => {
      // One that comes back serves what it has; one that joins has nothing.
      if (way.do === 'join') throw error;
      log.warn({ error }, 'not in every queue');
    });
    await rabbitmq.keep();
    standing.says = 'running';
    log.info('serving');
    await rabbitmq.ended();
    log.warn('RabbitMQ ended');
    return true;
  } catch (error) {
    if (!signal.aborted) log.warn({ error }, 'not started');
    await rabbitmq.stop();
    return false;
  }
}

/** @throws Error when RabbitMQ did not start, or not as a part of the cluster */
async function start({ me, way, rabbitmq, signal }: Life): Promise<void> {
  if (!rabbitmq.isKept) await rabbitmq.clear();
  await rabbitmq.prepare(way.do === 'join' ? [way.by, me] : [me]);
  if (way.do === 'join') await rabbitmq.forget(me, way.by);
  if (way.do === 'return-first') await rabbitmq.startFirst();
  await rabbitmq.start();
  await Promise.race([rabbitmq.started(signal), endedEarly(rabbitmq)]);
  if (way.do === 'join') await joined(rabbitmq, way.by, signal);
}

/** RabbitMQ that reaches no other starts all the same. */
async function joined(rabbitmq: RabbitMQ, other: string, signal: AbortSignal): Promise<void> {
  const looking = { what: 'the members that run', timeoutMs: 60_000, signal };
  const running = await until(looking, () => rabbitmq.running());
  if (!running.includes(other)) throw new Error(`it started alone, not with ${other}`);
}

/** Looked at afterwards: one that is ready is in every queue, whatever the command made of a queue that was busy. */
async function grow({ me, rabbitmq, signal }: Life): Promise<void> {
  const growing = { what: 'every queue to take this member', timeoutMs: 120_000, signal };
  await until(growing, async () => {
    await rabbitmq.grow();
    return [...(await rabbitmq.queues()).values()].every((members) => members.includes(me));
  });
}

async function endedEarly(rabbitmq: RabbitMQ): Promise<never> {
  await rabbitmq.ended();
  throw new Error('RabbitMQ ended before it had started');
}
