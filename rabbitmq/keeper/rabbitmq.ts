/** RabbitMQ of this member: its process, its commands, its files. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';

import { until } from '../../functions/lib/until.ts';
import { CommandError, run } from '../../scripts/lib/shell.ts';
import {
  configuration,
  distribution,
  erlang,
  nodeOf,
  plugins,
  ports,
  type Configuration,
} from './configuration.ts';

const programs = '/usr/lib/rabbitmq/bin';

export interface Places {
  /** On the disk of this member. */
  data: string;
  /** What need not last. */
  run: string;
  tls: string;
  /** A folder of `username`, `password` and `cookie`. */
  credentials: string;
}

/** Milliseconds: each command starts an Erlang of its own, on a machine that may be busy. */
const patience = { command: 60_000, start: 180_000, end: 30_000 };

export class RabbitMQ {
  readonly #host: string;
  readonly #places: Places;
  #process: ChildProcess | undefined;

  constructor(host: string, places: Places) {
    this.#host = host;
    this.#places = places;
  }

  /** Whether what is on the disk is of a cluster that this member was a part of, to the end. */
  get isKept(): boolean {
    return existsSync(this.#mark);
  }

  /** Notes that it is. */
  async keep(): Promise<void> {
    const file = await open(this.#mark, 'w');
    await file.sync();
    await file.close();
  }

  /** Removes what a start that did not come to its end has left. */
  async clear(): Promise<void> {
    await rm(this.#node, { recursive: true, force: true });
  }

  /** Has the next start wait for no other member. */
  async startFirst(): Promise<void> {
    await this.#control('rabbitmqctl', ['force_boot']);
  }

  /** Writes what it and its commands are told. @param cluster see {@link Configuration} */
  async prepare(cluster: Configuration['cluster']): Promise<void> {
    const { run: folder, tls, credentials } = this.#places;
    const [user, password, cookie] = await Promise.all(
      ['username', 'password', 'cookie'].map((name) => readFile(join(credentials, name), 'utf8')),
    );
    await mkdir(this.#node, { recursive: true });
    const files = {
      'rabbitmq.conf': configuration({ tls, user: user ?? '', password: password ?? '', cluster }),
      'distribution.config': distribution(tls),
      plugins,
      '.erlang.cookie': cookie ?? '',
    };
    for (const [name, text] of Object.entries(files)) {
      await rm(join(folder, name), { force: true });
      await writeFile(join(folder, name), text, { mode: 0o400 });
    }
  }

  /** Starts it, as it was prepared. */
  async start(): Promise<void> {
    const child = spawn(join(programs, 'rabbitmq-server'), [], {
      env: { ...process.env, ...this.#environment },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await once(child, 'spawn');
    this.#process = child;
  }

  /** Resolves when it runs no more. */
  async ended(): Promise<void> {
    if (this.#process && this.#runs(this.#process)) await once(this.#process, 'exit');
  }

  /** Stops it in good order, or kills it where that takes too long. */
  async stop(): Promise<void> {
    const running = this.#process;
    if (!running || !this.#runs(running)) return;
    const gone = once(running, 'exit');
    running.kill('SIGTERM');
    const killed = setTimeout(() => running.kill('SIGKILL'), patience.end);
    await gone.finally(() => clearTimeout(killed));
  }

  /** Waits until it serves clients, which it does last of all. @throws Unavailable when it does not */
  async started(signal: AbortSignal): Promise<void> {
    const listening = {
      what: 'RabbitMQ to listen',
      timeoutMs: patience.start,
      mostMs: 500,
      signal,
    };
    await until(listening, () => connects(ports.amqps));
  }

  /** The hosts that run, as this member sees them. */
  async running(): Promise<string[]> {
    const said = await this.#control('rabbitmqctl', ['cluster_status', '--formatter', 'json']);
    return running.parse(JSON.parse(said)).running_nodes;
  }

  /** Has another member forget that a host was one, and who it was in every queue. */
  async forget(host: string, by: string): Promise<void> {
    const asked = ['--node', nodeOf(by), 'forget_cluster_node', nodeOf(host)];
    await this.#control('rabbitmqctl', asked).catch(unlessUnknown);
  }

  /** Makes this member one of every quorum queue. */
  async grow(): Promise<void> {
    await this.#control('rabbitmq-queues', ['grow', nodeOf(this.#host), 'all', '--errors-only']);
  }

  /** The members of each quorum queue, by its name: as its log has them, not as was last counted. */
  async queues(): Promise<Map<string, string[]>> {
    const columns = ['name', 'type', 'members'];
    const said = await this.#control('rabbitmqctl', [
      'list_queues',
      '--formatter',
      'json',
      ...columns,
    ]);
    const quorum = queues.parse(JSON.parse(said)).filter(({ type }) => /quorum/.test(type));
    return new Map(quorum.map(({ name, members }) => [name, members]));
  }

  get #node(): string {
    return join(this.#places.data, 'node');
  }

  get #mark(): string {
    return join(this.#places.data, 'kept');
  }

  #runs(child: ChildProcess): boolean {
    return child.exitCode === null && child.signalCode === null;
  }

  async #control(program: string, args: string[]): Promise<string> {
    const options = { timeout: patience.command, env: this.#environment };
    return run(join(programs, program), ['--quiet', ...args], options);
  }

  get #environment(): Record<string, string> {
    const { run: folder } = this.#places;
    const { member, command } = erlang(join(folder, 'distribution.config'));
    return {
      HOME: folder,
      RABBITMQ_NODENAME: nodeOf(this.#host),
      RABBITMQ_USE_LONGNAME: 'true',
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_MNESIA_BASE: this.#node,
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      RABBITMQ_GENERATED_CONFIG_DIR: join(folder, 'generated'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_LOGS: '-',
      // Of upgrades there is a log of its own, always in a file.
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      ERL_CRASH_DUMP_SECONDS: '0',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: member,
      RABBITMQ_CTL_ERL_ARGS: command,
    };
  }
}

async function connects(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}

const host = z.string().transform((node) => node.slice(node.indexOf('@') + 1));
const running = z.object({ running_nodes: z.array(host) });
const queues = z.array(
  // Of another type of queue there are no members, which is said in some other way.
  z.object({ name: z.string(), type: z.string(), members: z.array(host).catch([]) }),
);

function unlessUnknown(error: unknown): void {
  if (
    !(error instanceof CommandError) ||
    !/not_a_cluster_node|not in the cluster/i.test(error.output)
  )
    throw error;
}
