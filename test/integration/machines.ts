/** Machines: network namespaces on a switch of their own, each running one of our images. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { until } from '../../functions/lib/until.ts';
import { attempt, run } from '../../scripts/lib/shell.ts';

// Test files are threads of one process, and each has its own machines.
const prefix = `test-${randomBytes(3).toString('hex')}`;
const ip = (...args: string[]): Promise<string> => run('ip', args);

/** Makes the switch. @returns what removes it, with all that is plugged in */
export async function makeSwitch(): Promise<void> {
  await ip('netns', 'add', prefix);
  await ip('-n', prefix, 'link', 'add', 'switch', 'type', 'bridge');
  await ip('-n', prefix, 'link', 'set', 'switch', 'up');
}

export async function removeSwitch(): Promise<void> {
  await attempt('ip', ['netns', 'del', prefix]);
}

/** One machine: what runs on it ends with it. */
export class Machine {
  readonly name: string;
  readonly #image: string;
  readonly #places: Places;
  readonly #folder: string;
  readonly #namespace: string;
  readonly #cable: string;

  /** @param image the root of the image that it runs */
  constructor(folder: string, n: number, image: string, places: Places) {
    this.#image = image;
    this.#places = places;
    this.name = `machine-${n}.test`;
    this.#folder = join(folder, String(n));
    this.#namespace = `${prefix}-${n}`;
    this.#cable = `cable${n}`;
  }

  /** A folder of this machine, by the path at which its programs see it. */
  folder(place: string): string {
    return join(this.#folder, place);
  }

  /** Plugs it in. */
  async make(address: string): Promise<void> {
    const namespace = this.#namespace;
    await ip('netns', 'add', namespace);
    const cable = ['link', 'add', this.#cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns'];
    await ip('-n', prefix, ...cable, namespace);
    await this.plug('up');
    await ip('-n', prefix, 'link', 'set', this.#cable, 'master', 'switch');
    await ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    for (const link of ['eth0', 'lo']) await ip('-n', namespace, 'link', 'set', link, 'up');
    for (const place of [...Object.keys(this.#places), 'root', 'layer'])
      await mkdir(this.folder(place), { recursive: true });
  }

  /** Pulls its cable, or puts it back. */
  async plug(state: 'up' | 'down'): Promise<void> {
    await ip('-n', prefix, 'link', 'set', this.#cable, state);
  }

  /** Starts a program in the image, with this machine's places and network. */
  start(command: string[], env: Record<string, string> = {}): ChildProcess {
    const script = [
      'mount -t tmpfs layer "$0/layer" && mkdir "$0/layer/upper" "$0/layer/work"',
      'mount -t overlay -o "lowerdir=$1,upperdir=$0/layer/upper,workdir=$0/layer/work" machine "$0/root"',
      ...Object.entries(this.#places).map(([place, path]) => bind(`$0/${place}`, path)),
      ...['/dev', '/proc', checkout].map((path) => bind(path, path)),
      'cp "$0/../hosts" "$0/root/etc/hosts"',
      'image=$0; shift; exec chroot "$image/root" "$@"',
    ].join(' && ');
    const own = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script];
    const enter = [
      `--net=/run/netns/${this.#namespace}`,
      ...own,
      this.#folder,
      this.#image,
      ...command,
    ];
    const child = spawn('nsenter', enter, {
      env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(this.folder('log.txt'), { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  }

  /** Runs a program to its end. @returns what it prints */
  async read(command: string[], env: Record<string, string> = {}): Promise<string> {
    const child = this.start(command, env);
    const parts: string[] = [];
    child.stdout?.on('data', (part: Buffer) => parts.push(part.toString()));
    await once(child, 'close');
    return parts.join('');
  }

  /** Runs a program to its end. @returns its status */
  async run(command: string[], env: Record<string, string> = {}): Promise<number> {
    const [status] = (await once(this.start(command, env), 'exit')) as [number | null];
    return status ?? -1;
  }

  /** Ends all that runs on it, as a loss of power would. */
  async crash(): Promise<void> {
    const ending = { what: `${this.name} to be off`, timeoutMs: 20_000, mostMs: 100 };
    await until(ending, async () => {
      const pids = await this.#processes();
      for (const pid of pids) await attempt('kill', ['-KILL', pid]);
      return pids.length === 0;
    });
  }

  /** Whether nothing runs on it. */
  async isOff(): Promise<boolean> {
    return (await this.#processes()).length === 0;
  }

  async #processes(): Promise<string[]> {
    const pids = (await attempt('ip', ['netns', 'pids', this.#namespace])) ?? '';
    return pids.split('\n').filter(Boolean);
  }

  async remove(): Promise<void> {
    await this.crash();
    await attempt('ip', ['netns', 'del', this.#namespace]);
  }
}

/** What a machine has of its own, and where its programs see it. */
export type Places = Readonly<Record<string, string>>;

const checkout = resolve(import.meta.dirname, '../..');

/** A line of the script: shows a folder at a path of the machine. */
const bind = (folder: string, path: string): string =>
  `mkdir -p "$0/root${path}" && mount --rbind "${folder}" "$0/root${path}"`;

/** Writes the names of machines, in the folder that holds them. */
export async function writeHosts(folder: string, addresses: Map<string, string>): Promise<void> {
  const lines = [...addresses].map(([name, address]) => `${address} ${name}`);
  await writeFile(join(folder, 'hosts'), ['127.0.0.1 localhost', ...lines, ''].join('\n'));
}
