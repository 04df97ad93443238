/** A cluster, a Vault and Fabric in memory, with their controllers played. */
import { pino } from 'pino';
import type { CloudEvent } from 'cloudevents';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { Identities } from '../../../functions/lib/vault/identities.ts';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { labels, networkSpec, type FabricNetwork } from '../../../functions/lib/network.ts';
import { type Vault, VaultRefusal } from '../../../functions/lib/vault/client.ts';
import type { Clients } from '../../../functions/provisioning/clients.ts';
import { place } from '../../../functions/provisioning/placement.ts';
import { type Plan, planOf } from '../../../functions/provisioning/resources/plan.ts';
import { FakeFabric } from '../../fakes/fabric.ts';
import { FakeKubernetes } from '../../fakes/kubernetes.ts';
import { supplySpec } from '../../fakes/supply.ts';
import { createOrganization } from '../lib/fabric/identities.ts';

export interface World {
  kubernetes: FakeKubernetes;
  fabric: FakeFabric;
  /** The mounts in Vault. */
  authorities: Set<string>;
  /** What Vault's KV holds, by path. */
  secrets: Map<string, Record<string, unknown>>;
  events: CloudEvent<unknown>[];
  clients: Clients;
  /** While true, no pod becomes ready. */
  stuck: boolean;
  brokerDown: boolean;
}

export const id = { namespace: 'selvedge', network: 'supply' };

/** The namespace of the network's own. */
export const own = 'selvedge-net-supply';

export const supply = (): FabricNetwork => ({
  apiVersion: 'selvedge.dev/v1alpha1',
  kind: 'FabricNetwork',
  metadata: { name: 'supply', namespace: 'selvedge', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: supplySpec(),
});

/** The network's resource as it is now. */
export async function networkOf({ kubernetes }: World): Promise<FabricNetwork> {
  const { apiVersion, kind } = supply();
  const ref = { apiVersion, kind, namespace: id.namespace, name: id.network };
  return (await kubernetes.get<FabricNetwork>(ref))!;
}

/** What its status says. */
export async function statusOf(world: World) {
  const status = (await networkOf(world)).status!;
  const condition = (type: string) => status.conditions?.find((one) => one.type === type);
  return { ...status, condition };
}

export const settings = {
  domain: 'cluster.local',
  storageClass: 'selvedge-local',
  volumeSize: '1Gi',
  images: { peer: 'peer:1', orderer: 'orderer:1', chaincode: 'chaincode:1' },
};

/** The plan of a network that is new. */
export function planFor(network = supply(), spec = networkSpec.parse(network.spec)): Plan {
  return planOf(network, spec, place(spec), settings);
}

export async function createWorld(network: FabricNetwork = supply()): Promise<World> {
  const kubernetes = new FakeKubernetes();
  const fabric = new FakeFabric();
  const authorities = new Set<string>();
  const secrets = new Map<string, Record<string, unknown>>();
  const events: CloudEvent<unknown>[] = [];
  const world: World = {
    kubernetes,
    fabric,
    authorities,
    secrets,
    events,
    stuck: false,
    brokerDown: false,
    clients: {
      kubernetes,
      vault: vaultOver(secrets),
      identities: identitiesOver(authorities),
      fabric,
      broker: {
        send: (event) => {
          if (world.brokerDown) return Promise.reject(new Unavailable('no Broker'));
          events.push(event);
          return Promise.resolve();
        },
      },
      settings,
      builtin: () => Promise.resolve({ 'index.js': Buffer.from('exports.contracts = [];') }),
      log: pino({ level: 'silent' }),
      now: () => new Date(),
    },
  };
  kubernetes.onChange = (object) => {
    if (object.kind === 'StatefulSet') playStatefulSet(world, object);
  };
  fabric.onRunning = (host, chaincode, packageId) => {
    const [name = ''] = host.split('.');
    const pod = podOf(own, `${name}-${chaincode}`, 'node-9', {
      [labels.network]: id.network,
      [labels.component]: 'chaincode',
      [labels.peer]: name,
      [labels.chaincode]: chaincode,
      'selvedge.dev/package': packageId.split(':')[1]?.slice(0, 16) ?? '',
    });
    void kubernetes.apply(pod);
  };
  await kubernetes.create(network);
  return world;
}

interface StatefulSet extends KubernetesObject {
  spec: { replicas: number; template: { metadata: { labels: Record<string, string> } } };
  status?: object;
}

/** What the StatefulSet controller and the kubelet do. */
function playStatefulSet(world: World, object: KubernetesObject): void {
  const set = object as StatefulSet;
  const { replicas, template } = set.spec;
  if (world.stuck) return;
  for (let ordinal = 0; ordinal < replicas; ordinal++) {
    const name = `${set.metadata.name}-${ordinal}`;
    const node = `node-${ordinal + 1}`;
    void world.kubernetes.apply(podOf(own, name, node, template.metadata.labels));
  }
  const status = {
    ...set.status,
    observedGeneration: set.metadata.generation,
    readyReplicas: replicas,
    updatedReplicas: replicas,
  };
  void world.kubernetes.applyStatus({ ...set, status });
}

function podOf(
  namespace: string,
  name: string,
  node: string,
  given: Record<string, string>,
): KubernetesObject {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: given },
    spec: { nodeName: node },
    status: { podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
  };
  return pod;
}

function vaultOver(secrets: World['secrets']): Vault {
  return {
    read: (path) =>
      Promise.resolve(secrets.get(path.replace('selvedge/metadata/', 'selvedge/data/'))),
    write: (path, body = {}) => {
      const { cas } = (body['options'] ?? {}) as { cas?: number };
      if (cas === 0 && secrets.has(path)) {
        return Promise.reject(new VaultRefusal(400, 'check-and-set parameter did not match', path));
      }
      secrets.set(path, body);
      return Promise.resolve(undefined);
    },
    remove: (path) => {
      secrets.delete(path.replace('selvedge/metadata/', 'selvedge/data/'));
      return Promise.resolve();
    },
    list: (path) => {
      const below = `${path.replace('selvedge/metadata/', 'selvedge/data/')}/`;
      const names = [...secrets.keys()]
        .filter((key) => key.startsWith(below))
        .map((key) => key.slice(below.length).replace(/\/.*/, '/'));
      return Promise.resolve([...new Set(names)]);
    },
  };
}

/** Making keys takes long; all that is issued is one certificate, told apart by what follows it. */
const made = createOrganization('shared', 'SharedMSP').then(async ({ msp }) => ({
  root: msp.certificate,
  pair: await msp.issue({ name: 'member', unit: 'peer' }),
}));
let count = 0;

function identitiesOver(authorities: World['authorities']): Identities {
  return {
    authority: async (mount) => {
      authorities.add(mount);
      return (await made).root;
    },
    certificate: async (mount) => (authorities.has(mount) ? (await made).root : undefined),
    sign: async () => (await made).pair.certificate,
    issue: async () => {
      const { certificate, privateKey } = (await made).pair;
      return { certificate: `${certificate}\n# ${++count}\n`, privateKey };
    },
    removeAuthority: (mount) => {
      authorities.delete(mount);
      return Promise.resolve();
    },
  };
}
