/** A cluster of three nodes, in memory, with a network and the servers of a volume. */
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import type { Kubelet, RunningPod } from '../../../functions/lib/kubernetes/kubelet.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { apiVersion, kind } from '../../../functions/lib/network.ts';
import type { Keepers } from '../../../functions/failover/volume.ts';
import type { Taint } from '../../../functions/failover/nodes/taint.ts';
import { FakeKubernetes } from '../../fakes/kubernetes.ts';

export const own = 'selvedge-net-supply';
export const volumes = 'selvedge-volumes';
export const namespace = 'selvedge';

const object = (kind: string, name: string, more: object): KubernetesObject => ({
  ...{ apiVersion: 'v1', kind, metadata: { name } },
  ...more,
});

const nodeObject = (n: number): KubernetesObject =>
  object('Node', `node-${n}`, {
    spec: {},
    status: {
      addresses: [{ type: 'InternalIP', address: `10.0.0.${n}` }],
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });

const podObject = (namespace: string, name: string, n: number, labels: object, podIP = '') =>
  object('Pod', name, {
    metadata: { name, namespace, labels },
    spec: { nodeName: `node-${n}` },
    status: { podIP },
  });

const leaseObject = (n: number, renewTime: string) =>
  object('Lease', `node-${n}`, {
    apiVersion: 'coordination.k8s.io/v1',
    metadata: { name: `node-${n}`, namespace: 'kube-node-lease' },
    spec: { renewTime },
  });

export class Cluster {
  readonly kubernetes = new FakeKubernetes();
  /** The nodes whose kubelets are silent. */
  readonly silent = new Set<number>();
  /** What kubelets run beyond what Kubernetes has there; a node left out does not tell. */
  readonly running = new Map<number, RunningPod[]>();
  /** By the address of a keeper: whom its server keeps out; one left out is silent. */
  readonly shut = new Map<string, string[]>();
  /** What was asked of keepers, in its order. */
  readonly asked: string[] = [];
  /** The types of events that the Broker took, with the network each names. */
  readonly sent: string[] = [];
  /** A keeper that takes the order and does not follow it. */
  deaf: string | undefined;

  static async make(): Promise<Cluster> {
    const cluster = new Cluster();
    const { kubernetes } = cluster;
    const network = { apiVersion, kind, metadata: { name: 'supply', namespace }, spec: {} };
    await kubernetes.create(network);
    await kubernetes.applyStatus({ ...network, status: { namespace: own } });
    const set = { apiVersion: 'apps/v1', metadata: { name: 'glusterfs', namespace: volumes } };
    await kubernetes.create(object('StatefulSet', 'glusterfs', { ...set, spec: { replicas: 3 } }));
    for (const n of [1, 2, 3]) {
      await kubernetes.create(nodeObject(n));
      await kubernetes.create(leaseObject(n, 'first'));
      const supply = { 'selvedge.dev/network': 'supply' };
      await kubernetes.create(podObject(own, `farm-peer-${n}`, n, supply));
      const server = { 'app.kubernetes.io/name': 'glusterfs' };
      const name = `glusterfs-${n - 1}`;
      await kubernetes.create(podObject(volumes, name, n, server, `10.1.0.${n}`));
      cluster.shut.set(`10.1.0.${n}`, []);
    }
    return cluster;
  }

  readonly kubelet: Kubelet = {
    answers: (address) => Promise.resolve(!this.silent.has(Number(address.split('.')[3]))),
    running: (address) => {
      const found = this.running.get(Number(address.split('.')[3]));
      return found ? Promise.resolve(found) : Promise.reject(new Unavailable('it does not tell'));
    },
  };

  readonly keepers: Keepers = {
    shut: (keeper) => {
      const found = this.shut.get(keeper);
      return found ? Promise.resolve([...found]) : Promise.reject(new Unavailable('silent'));
    },
    close: async (keeper, address) => {
      const before = await this.keepers.shut(keeper);
      this.asked.push(`close ${keeper} to ${address}`);
      if (keeper !== this.deaf) this.shut.set(keeper, [...before, address]);
    },
    open: async (keeper, address) => {
      const before = await this.keepers.shut(keeper);
      this.asked.push(`open ${keeper} to ${address}`);
      this.shut.set(
        keeper,
        before.filter((one) => one !== address),
      );
    },
  };

  readonly broker = {
    send: ({ type, network }: { type: string; network?: unknown }): Promise<void> => {
      this.sent.push(`${type} ${String(network)}`);
      return Promise.resolve();
    },
  };

  get sources() {
    const { kubernetes, kubelet, keepers, broker } = this;
    return { kubernetes, kubelet, keepers, broker, volumes, namespace };
  }

  async renew(n: number, renewTime: string): Promise<void> {
    await this.kubernetes.apply(leaseObject(n, renewTime));
  }

  async taints(n: number): Promise<Taint[] | undefined> {
    const ref = { apiVersion: 'v1', kind: 'Node', name: `node-${n}` };
    const found = await this.kubernetes.get<KubernetesObject & { spec: { taints?: Taint[] } }>(ref);
    return found?.spec.taints;
  }

  async taint(n: number, taints: Taint[]): Promise<void> {
    const ref = { apiVersion: 'v1', kind: 'Node', name: `node-${n}` };
    await this.kubernetes.merge(ref, { spec: { taints } });
  }

  /** Adds a pod of a function, on the n-th node. */
  async addFunction(name: string, n: number): Promise<void> {
    await this.kubernetes.create(podObject(namespace, name, n, {}));
  }

  /** The names of networks' pods. */
  async pods(): Promise<string[]> {
    const found = await this.kubernetes.list({ apiVersion: 'v1', kind: 'Pod', namespace: own });
    return found.map(({ metadata }) => metadata.name);
  }
}
