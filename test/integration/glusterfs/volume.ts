/** Three GlusterFS servers with their keepers, and a machine that mounts their volume. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import {
  copyFile,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { glusterfsRoot } from '../../../scripts/cluster/images/catalog.ts';
import { attempt } from '../../../scripts/lib/shell.ts';
import { until } from '../../../functions/lib/until.ts';
import { volume } from '../../../glusterfs/keeper/options.ts';
import { Machine, makeSwitch, removeSwitch, writeHosts } from '../machines.ts';

const program = resolve(import.meta.dirname, '../../../glusterfs/main.ts');
export const brick = `/bricks/${volume}`;

/** Of a machine, by its number; the client's is 3. */
const addressOf = (n: number): string => `10.77.0.${10 + n}`;

/** The next start of a brick ends as one that crossed with another: in an error, and the brick runs. */
const crossing = `#!/bin/sh
mv /usr/sbin/whole /usr/sbin/glusterfsd && /usr/sbin/glusterfsd "$@"
exit 1
`;

const places = {
  run: '/run',
  state: '/var/lib/glusterd',
  log: '/var/log/glusterfs',
  bricks: '/bricks',
};

export class Servers {
  readonly machines: Machine[];
  readonly client: Machine;
  readonly #folder: string;
  readonly #keepers = new Map<Machine, ChildProcess>();

  private constructor(folder: string, image: string) {
    this.#folder = folder;
    this.machines = [0, 1, 2].map((n) => new Machine(folder, n, image, places));
    this.client = new Machine(folder, 3, image, places);
  }

  /** Finds or makes what the image holds. */
  static async prepare(): Promise<Servers> {
    const { folder: image } = await glusterfsRoot(() => undefined);
    return new Servers(await mkdtemp(join(tmpdir(), 'selvedge-gluster-')), image);
  }

  /** Starts three servers without anything, and waits until their volume serves. */
  async start(): Promise<void> {
    const all = [...this.machines, this.client];
    const addresses = new Map(all.map(({ name }, n) => [name, addressOf(n)]));
    await writeHosts(this.#folder, addresses);
    await makeSwitch();
    for (const machine of all) await machine.make(addresses.get(machine.name) ?? '');
    for (const machine of this.machines) this.startKeeper(machine);
    await this.serving(3);
  }

  startKeeper(machine: Machine): void {
    const names = this.machines.map(({ name }) => name).join(',');
    // The client and the last server are the two halves of one node.
    const own = machine === this.machines[2] ? { NODE_ADDRESSES: addressOf(3) } : {};
    const env = { SERVER: machine.name, SERVERS: names, BRICK: brick, ...own };
    this.#keepers.set(machine, machine.start(['node', program, 'keep'], env));
  }

  /** Ends a server's brick; what starts it next is told that it failed, though it runs. */
  async cross(machine: Machine): Promise<void> {
    const programs = `/proc/${this.#keepers.get(machine)?.pid}/root/usr/sbin`;
    const [whole, used] = [join(programs, 'whole'), join(programs, 'glusterfsd')];
    // Gluster's other names lead to the same file, which they keep.
    for (const name of ['glusterd', 'glusterfs']) {
      await rm(join(programs, name));
      await copyFile(used, join(programs, name));
    }
    await rename(used, whole);
    await writeFile(used, crossing, { mode: 0o755 });
    const pid = `gluster/vols/${volume}/${machine.name}${brick.replaceAll('/', '-')}.pid`;
    process.kill(Number(await readFile(join(machine.folder('run'), pid), 'utf8')), 'SIGKILL');
    const gone = { what: 'the brick to be missed', timeoutMs: 60_000, mostMs: 200 };
    await until(gone, async () => !(await isReady(machine)));
  }

  /** As after the start, whatever a test that failed has left. */
  async mend(mounted: string): Promise<void> {
    for (const machine of this.machines) if (await machine.isOff()) this.startKeeper(machine);
    await this.serving(3);
    for (const n of this.machines.keys()) await this.setShut(n, 'DELETE');
    await this.serving(3);
    await this.linked(mounted);
  }

  /** Waits until what is mounted has a link to each server: a lost one is looked for every few seconds only. */
  async linked(mounted: string): Promise<void> {
    const waiting = { what: 'links to all servers', timeoutMs: 60_000, mostMs: 200 };
    await until(waiting, async () => {
      const links = await Promise.all(this.machines.map((_, n) => this.#isLinked(mounted, n)));
      return links.every(Boolean);
    });
  }

  /** Whether what is mounted has a link to a server. */
  async #isLinked(mounted: string, n: number): Promise<boolean> {
    const link = join(mounted, '.meta/graphs/active', `${volume}-client-${n}`, 'private');
    return (await readFile(link, 'utf8')).includes('connected = 1');
  }

  /** A server that has lost power and its disk. */
  async loseDisk(machine: Machine): Promise<void> {
    await machine.crash();
    for (const place of ['state', 'bricks', 'run']) {
      const entries = await readdir(machine.folder(place));
      for (const entry of entries)
        await rm(join(machine.folder(place), entry), { recursive: true });
    }
  }

  /** Waits until so many bricks are ready by what their keepers say. */
  async serving(count: number, timeoutMs = 200_000): Promise<void> {
    await until({ what: `${count} bricks to serve`, timeoutMs, mostMs: 500 }, async () => {
      const ready = await Promise.all(this.machines.map((machine) => isReady(machine)));
      return ready.filter(Boolean).length === count;
    });
  }

  /** Has a machine keep the volume mounted. @returns the path to it from here */
  async mount(machine = this.client): Promise<string> {
    const names = this.machines.map(({ name }) => name).join(',');
    const env = {
      SERVERS: names,
      MOUNT_POINT: '/bricks/mounted',
      CONTROL_GROUPS: '/sys/fs/cgroup',
    };
    // The shell stays: what is mounted in its mount namespace shows below its root.
    const script = 'node "$0" mount & echo $! > /run/mounter; wait; exec sleep infinity';
    const { pid } = machine.start(['sh', '-c', script, program], env);
    const path = `/proc/${pid}/root/bricks/mounted`;
    await until({ what: 'the volume to be mounted', timeoutMs: 30_000, mostMs: 200 }, async () => {
      return (await stat(path)).ino === 1;
    });
    return path;
  }

  /** Ends the client's keeper, as the end of its pod would. */
  async endMounter(): Promise<void> {
    const pid = Number(await readFile(join(this.client.folder('run'), 'mounter'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    const gone = { what: 'the keeper to be gone', timeoutMs: 5000, mostMs: 100 };
    await until(gone, () => Promise.resolve(!existsSync(`/proc/${pid}`)));
  }

  /** What the client's folder is when nothing is mounted on it. */
  get bare(): string {
    return bareOf(this.client);
  }

  /** Where a brick keeps the name of a file that it has to tell the healers of. */
  async indexed(n: number, file: string): Promise<string> {
    const machine = this.machines[n];
    if (!machine) throw new Error(`there is no machine ${n}`);
    const own = join(brick, file);
    const said = await machine.read(['getfattr', '--encoding=hex', '--name=trusted.gfid', own]);
    const hex = /trusted\.gfid=0x([\da-f]{32})/.exec(said)?.[1] ?? '';
    const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    return join(machine.folder('bricks'), volume, '.glusterfs/indices/xattrop', id);
  }

  /** What a keeper tells Prometheus. */
  async metrics(n: number): Promise<string> {
    const machine = this.machines[n];
    if (!machine) throw new Error(`there is no machine ${n}`);
    const ask = `fetch('http://127.0.0.1:9080/metrics').then((r) => r.text()).then(console.log)`;
    return machine.read(['node', '--eval', ask]);
  }

  /** Has a server keep the client out, or let it in again, as failover does. */
  async setShut(n: number, method: 'PUT' | 'DELETE'): Promise<void> {
    const machine = this.machines[n];
    if (!machine) throw new Error(`there is no machine ${n}`);
    const url = `http://127.0.0.1:9081/shut/${addressOf(3)}`;
    const ask = `fetch('${url}', { method: '${method}' }).then((r) => process.exit(r.ok ? 0 : 1))`;
    const status = await machine.run(['node', '--eval', ask]);
    if (status !== 0) throw new Error(`${machine.name} does not do it`);
  }

  async stop(): Promise<void> {
    for (const machine of [this.client, ...this.machines]) {
      await machine.remove();
      await attempt('chattr', ['-i', bareOf(machine)]);
    }
    await removeSwitch();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

const bareOf = (machine: Machine): string => join(machine.folder('bricks'), 'mounted');

async function isReady(machine: Machine): Promise<boolean> {
  const ask = `fetch('http://127.0.0.1:9080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(2))`;
  return (await machine.run(['node', '--eval', ask])) === 0;
}
