/** Who leads, found by asking each. */
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { labels } from '../../../functions/lib/network.ts';
import { hostOf, storageNamespace, tiers } from '../../../functions/lib/tiers.ts';
import { ask, type Question } from '../ask.ts';
import { oneOf, ownNamespace, readyPods, type Pod, type World } from '../world.ts';

/** The one that says so; any where none does, as of BFT orderers, whose leader changes with the view. */
async function leader(
  world: World,
  pods: readonly Pod[],
  isLeader: (pod: Pod) => Promise<boolean>,
): Promise<Pod> {
  const said = await Promise.all(pods.map(async (pod) => ((await isLeader(pod)) ? [pod] : [])));
  return said.flat()[0] ?? oneOf(world, 'member', pods);
}

/** By the metric of Raft of the channel that data are anchored on. */
export async function leadingOrderer(world: World): Promise<Pod> {
  const orderers = await readyPods(world, ownNamespace(world), `${labels.component}=orderer`);
  const { channel } = world.network.spec.data ?? {};
  return leader(world, orderers, async (pod) => {
    const metrics = await ask(world, pod, { port: portOf(pod, 'operations'), path: '/metrics' });
    return leads(metrics, channel);
  });
}

/** Whether Fabric's metrics say that the orderer leads the channel, or any. */
export function leads(metrics: string, channel?: string): boolean {
  return metrics.split('\n').some((line) => {
    const [, of, value] =
      /^consensus_etcdraft_is_leader\{channel="([^"]*)"\} (\d)/.exec(line) ?? [];
    return value === '1' && (channel === undefined || of === channel);
  });
}

export async function leadingVault(world: World): Promise<Pod> {
  const members = await readyPods(world, storageNamespace, 'selvedge.dev/tier=vault');
  const ca = await authority(world);
  return leader(world, members, async (pod) => {
    const servername = `${pod.metadata.name}.${hostOf(tiers.vault.internal)}`;
    const tls = { ca, servername };
    const question: Question = { port: tiers.vault.port, path: '/v1/sys/leader', tls };
    return (JSON.parse(await ask(world, pod, question)) as { is_self?: boolean }).is_self === true;
  });
}

export async function leadingEtcd(world: World): Promise<Pod> {
  const members = await readyPods(world, storageNamespace, 'selvedge.dev/tier=etcd');
  return leader(world, members, async (pod) => {
    const question = { port: portOf(pod, 'metrics'), path: '/metrics' };
    return /^etcd_server_is_leader 1$/m.test(await ask(world, pod, question));
  });
}

/** The authority of the tiers, as functions are given it. */
async function authority({ kubernetes, network }: World): Promise<string> {
  const { namespace } = network.metadata;
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'selvedge-ca' };
  const found = await kubernetes.get<KubernetesObject & { data?: Record<string, string> }>(ref);
  const ca = found?.data?.['ca.crt'];
  if (ca === undefined) throw new Error(`there is no ConfigMap selvedge-ca in ${namespace}`);
  return ca;
}

function portOf({ metadata, spec }: Pod, name: string): number {
  const ports = spec?.containers?.flatMap(({ ports: own = [] }) => own) ?? [];
  const found = ports.find((port) => port.name === name)?.containerPort;
  if (found === undefined) throw new Error(`${metadata.name} has no port ${name}`);
  return found;
}
