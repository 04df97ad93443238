/** A real API server with Knative's kinds, and on it what makes a Broker: its controller and the topology operator. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';

import { fitAll, inStages, knativeManifests } from '../../../scripts/cluster/addons/knative.ts';
import { buildComponent } from '../../../scripts/cluster/components/build.ts';
import type { KubernetesObject } from '../../../scripts/cluster/nodes/kubectl.ts';
import { startKubernetesApi, type KubernetesApi } from '../kubernetes-api.ts';
import { Management } from './management.ts';

const root = join(import.meta.dirname, '../../..');
const system = 'knative-eventing';

interface Controller extends KubernetesObject {
  spec: { template: { spec: { containers: { env: { name: string; value?: string }[] }[] } } };
}

export class Knative {
  readonly api: KubernetesApi;
  readonly rabbitmq: Management;
  readonly #running: ChildProcess[] = [];

  private constructor(api: KubernetesApi, rabbitmq: Management) {
    this.api = api;
    this.rabbitmq = rabbitmq;
  }

  static async start(): Promise<Knative> {
    return new Knative(await startKubernetesApi(), await Management.start());
  }

  /** Makes the kinds of Knative, and what is in the namespace that the controller runs in. */
  async prepare(): Promise<void> {
    const [first = [], second = []] = inStages(await fitted());
    await this.apply(first);
    await this.api.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
    await this.apply(second.filter(({ metadata }) => metadata.namespace === system));
  }

  async apply(items: object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await this.api.kubectl(['apply', '--server-side', '--filename=-'], list);
  }

  /** Applies a folder or file of ours. */
  async applyOwn(path: string): Promise<void> {
    const how = path.endsWith('.yaml') ? '--filename' : '--kustomize';
    await this.api.kubectl(['apply', '--server-side', how, join(root, 'knative/base', path)]);
  }

  async get<T>(kind: string, name: string): Promise<T> {
    const args = ['get', kind, name, '--namespace=selvedge', '--output=json', '--ignore-not-found'];
    const said = await this.api.kubectl(args);
    return JSON.parse(said === '' ? '{}' : said) as T;
  }

  /** Starts both: the operator as the account it has in a cluster. */
  async run(): Promise<void> {
    const controller = (await fitted()).find(
      ({ kind, metadata }) =>
        kind === 'Deployment' && metadata.name === 'rabbitmq-broker-controller',
    ) as Controller;
    const told = controller.spec.template.spec.containers[0]?.env ?? [];
    await this.#start('controller', 'admin-of-a-test', {
      ...Object.fromEntries(told.map(({ name, value }) => [name, value ?? ''])),
      ...{ SYSTEM_NAMESPACE: system, POD_NAME: 'controller' },
    });
    const token = await this.api.token('selvedge', 'rabbitmq-topology');
    await this.#start('topology', token, { NAMESPACE: 'selvedge' });
  }

  async stop(): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    this.rabbitmq.stop();
    await this.api.stop();
  }

  async #start(program: string, token: string, env: Record<string, string>): Promise<void> {
    const binary = join(await buildComponent('rabbitmq-broker'), program);
    const kubeconfig = await this.api.kubeconfig(token);
    const child = spawn(binary, [], {
      env: { PATH: process.env['PATH'], ...env, KUBECONFIG: kubeconfig },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(join(this.api.folder, `${program}.log`));
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#running.push(child);
  }
}

/** All but the webhooks, each image named as the manifests name it. */
async function fitted(): Promise<KubernetesObject[]> {
  const objects = await knativeManifests();
  const named = JSON.stringify(objects).match(/ko:\/\/[\w./-]+/g) ?? [];
  return fitAll(objects, new Map(named.map((one) => [one, one.replace('ko://', '')])));
}
