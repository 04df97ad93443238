/** Three members of RabbitMQ with their keepers, and a machine with the Broker's two ends. */
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { until } from '../../../functions/lib/until.ts';
import { buildComponent } from '../../../scripts/cluster/components/build.ts';
import { rabbitmqRoot } from '../../../scripts/cluster/images/catalog.ts';
import { issue, makeAuthority } from '../../../scripts/lib/x509.ts';
import { Machine, makeSwitch, removeSwitch, writeHosts } from '../machines.ts';

const program = resolve(import.meta.dirname, '../../../rabbitmq/main.ts');
const inside = resolve(import.meta.dirname, 'inside.ts');

const [tls, credentials] = ['/etc/selvedge/tls', '/etc/selvedge/rabbitmq'];
const places = { run: '/run', data: '/var/lib/rabbitmq', tls, credentials };
const account = { username: 'knative', password: 'secret', cookie: 'only-for-this-test' };

export class Members {
  readonly machines: Machine[];
  readonly client: Machine;
  readonly #folder: string;

  private constructor(folder: string, image: string) {
    this.#folder = folder;
    this.machines = [0, 1, 2].map((n) => new Machine(folder, n, image, places));
    this.client = new Machine(folder, 3, image, places);
  }

  /** Finds or makes what the image holds, and the programs of the Broker. */
  static async prepare(): Promise<Members> {
    const { folder: image } = await rabbitmqRoot(() => undefined);
    return new Members(await mkdtemp(join(tmpdir(), 'selvedge-rabbitmq-')), image);
  }

  /** Starts three members without anything, and waits until they serve. */
  async start(): Promise<void> {
    const all = [...this.machines, this.client];
    const addresses = new Map(all.map(({ name }, n) => [name, `10.78.0.${10 + n}`]));
    await writeHosts(this.#folder, addresses);
    await makeSwitch();
    const authority = await makeAuthority('test');
    for (const machine of all) {
      await machine.make(addresses.get(machine.name) ?? '');
      const pair = await issue(authority, { name: 'rabbitmq', hosts: [machine.name] });
      const files = {
        'tls/ca.crt': authority.certificate,
        'tls/tls.crt': pair.certificate,
        'tls/tls.key': pair.key,
        ...Object.fromEntries(
          Object.entries(account).map(([name, text]) => [`credentials/${name}`, text]),
        ),
      };
      for (const [file, text] of Object.entries(files)) await writeFile(machine.folder(file), text);
    }
    for (const machine of this.machines) this.startKeeper(machine);
    await this.serving(3);
  }

  startKeeper(machine: Machine): void {
    const names = this.machines.map(({ name }) => name).join(',');
    machine.start(['node', program], {
      MEMBER: machine.name,
      MEMBERS: names,
      DATA: places.data,
      RUN: places.run,
      TLS_DIR: tls,
      CREDENTIALS_DIR: credentials,
    });
  }

  /** A member that has lost power and its disk. */
  async loseDisk(machine: Machine): Promise<void> {
    await machine.crash();
    for (const place of ['data', 'run'])
      for (const entry of await readdir(machine.folder(place)))
        await rm(join(machine.folder(place), entry), { recursive: true });
  }

  /** Waits until so many members are ready by what their keepers say. */
  async serving(count: number, timeoutMs = 270_000): Promise<void> {
    await until({ what: `${count} members to serve`, timeoutMs, mostMs: 1000 }, async () => {
      const ready = await Promise.all(this.machines.map((machine) => isReady(machine)));
      return ready.filter(Boolean).length === count;
    });
  }

  /** Has the client make a Broker's exchange and a Trigger's queue, as Knative would. */
  async makeBroker(): Promise<void> {
    const made = await this.client.run(['node', inside, 'declare', this.machines[1]?.name ?? ''], {
      NODE_EXTRA_CA_CERTS: `${tls}/ca.crt`,
    });
    if (made !== 0) throw new Error('the exchange and the queue were not made');
  }

  /** Starts an end of the Broker, Knative's ingress or our dispatcher, at a member of its own. */
  async startEnd(end: 'ingress' | 'dispatcher', member: number): Promise<void> {
    const built = join(await buildComponent('rabbitmq-broker'), end);
    await copyFile(built, this.client.folder(`run/${end}`));
    const url = `amqps://${account.username}:${account.password}@${this.machines[member]?.name}:5671`;
    this.client.start([`/run/${end}`], {
      ...{ SSL_CERT_FILE: `${tls}/ca.crt`, SYSTEM_NAMESPACE: 'test' },
      ...{ BROKER_URL: url, EXCHANGE_NAME: 'broker', PORT: '8080' },
      ...{ RABBIT_URL: url, QUEUE_NAME: 'trigger', SUBSCRIBER: 'http://127.0.0.1:8081/' },
      ...{ BROKER_INGRESS_URL: 'http://127.0.0.1:8080/', RETRY: '9', BACKOFF_DELAY: '100ms' },
    });
  }

  /** Starts a subscriber, which notes the ids of what it gets. */
  subscribe(): void {
    this.client.start(['node', inside, 'subscribe', '/run/got']);
  }

  /** The ids that the subscriber got, in their order. */
  async got(): Promise<string[]> {
    return lines(this.client.folder('run/got'));
  }

  /** Sends events one after another. @returns the ids of those that the ingress accepted */
  async send(name: string, count: number): Promise<string[]> {
    await this.client.run(['node', inside, 'send', `/run/${name}`, name, String(count)]);
    return this.lines(name);
  }

  /** The ids accepted so far. */
  async lines(name: string): Promise<string[]> {
    return lines(this.client.folder(`run/${name}`));
  }

  /** The members that are in the queue, as one of them knows it. */
  async inQueue(asked: Machine): Promise<string[]> {
    return JSON.parse(await asked.read(['node', inside, 'members', asked.name])) as string[];
  }

  async stop(): Promise<void> {
    for (const machine of [this.client, ...this.machines]) await machine.remove();
    await removeSwitch();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function isReady(machine: Machine): Promise<boolean> {
  const ask = `fetch('http://127.0.0.1:9080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(2))`;
  return (await machine.run(['node', '--eval', ask])) === 0;
}

async function lines(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}
