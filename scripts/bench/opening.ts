/**
 * Ways into the cluster for the time of a run: past the gateway nobody comes in from outside. As the gateway
 * itself, what is opened is reached at a port of every node.
 */
import { isIPv4 } from 'node:net';
import type {
  Kubernetes,
  KubernetesObject,
  NetworkPolicySpec,
  ServiceSpec,
} from '../../functions/lib/kubernetes/client.ts';

interface Service extends KubernetesObject {
  spec?: ServiceSpec;
}
interface NetworkPolicy extends KubernetesObject {
  spec: NetworkPolicySpec;
}
interface Node extends KubernetesObject {
  status?: { addresses?: { type: string; address: string }[] };
}

const label = 'selvedge.dev/bench';

const services = { apiVersion: 'v1', kind: 'Service' };
const policies = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };

/**
 * Opens a Service of the cluster.
 *
 * @returns `host:port`
 * @throws Error when there is no such Service
 */
export async function openService(
  kubernetes: Kubernetes,
  { namespace, name, port }: { namespace: string; name: string; port: number },
): Promise<string> {
  const known = await kubernetes.get<Service>({ ...services, namespace, name });
  const selector = known?.spec?.selector;
  if (selector === undefined) throw new Error(`there is no Service ${name} in ${namespace}`);
  const metadata = { namespace, name: `bench-${name}`, labels: { [label]: '' } };
  await kubernetes.create<NetworkPolicy>({
    ...{ ...policies, metadata },
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port, protocol: 'TCP' }] }],
    },
  });
  const { spec } = await kubernetes.create<Service>({
    ...{ ...services, metadata },
    spec: { type: 'NodePort', selector, ports: [{ name: 'bench', port }] },
  });
  const nodePort = spec?.ports?.[0]?.nodePort;
  if (nodePort === undefined) throw new Error(`the Service bench-${name} got no port of the nodes`);
  return `${await nodeAddress(kubernetes)}:${nodePort}`;
}

async function nodeAddress(kubernetes: Kubernetes): Promise<string> {
  const nodes = await kubernetes.list<Node>({ apiVersion: 'v1', kind: 'Node' });
  const addresses = nodes.flatMap(({ status }) => status?.addresses ?? []);
  const found = addresses.find(({ type, address }) => type === 'InternalIP' && isIPv4(address));
  if (!found) throw new Error('no node has an address (IPv4)');
  return found.address;
}

/** Closes whatever was opened, by this run or by one that was killed. */
export async function closeServices(kubernetes: Kubernetes): Promise<void> {
  for (const kind of [services, policies]) {
    for (const { metadata } of await kubernetes.heads(kind, label)) {
      const { namespace, name } = metadata;
      await kubernetes.remove({ ...kind, namespace, name });
    }
  }
}
