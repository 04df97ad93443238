import type { Kubernetes, KubernetesObject } from '../lib/kubernetes/client.ts';
import { tierLabel } from '../lib/tiers.ts';
import type { VaultMember } from '../lib/vault/members.ts';
import type { VaultPeer, VaultPeers } from '../lib/vault/peers.ts';
import type { Member, Seal, State, Volume } from './checks/check.ts';
import type { NodeLook } from './nodes/look.ts';

export interface Sources {
  kubernetes: Kubernetes;
  namespace: string;
  /** The Vault member that runs in a pod. */
  vaultMember: (pod: string) => VaultMember;
  peers: Pick<VaultPeers, 'list'>;
  nodes: NodeLook;
  /** The volume under ledgers; undefined where there is none. */
  volume: () => Promise<Volume | undefined>;
}

/** What of a pod matters here. */
export interface Pod extends KubernetesObject {
  spec?: { nodeName?: string };
  status?: {
    conditions?: { type: string; status: string }[];
    containerStatuses?: { restartCount: number; state?: { running?: object } }[];
  };
}

/** One look at all that is decided upon. */
export async function gather(sources: Sources): Promise<State> {
  const [members, [nodes, volume]] = await Promise.all([
    lookAtMembers(sources),
    lookBelow(sources),
  ]);
  const peers = members.some(({ empty }) => empty) ? await peersOf(sources) : undefined;
  return { members, nodes, ...(peers && { peers }), ...(volume && { volume }) };
}

async function lookBelow({ nodes, volume }: Sources): Promise<[State['nodes'], State['volume']]> {
  const seen = await volume();
  return [await nodes(seen), seen];
}

async function peersOf({ peers }: Sources): Promise<VaultPeer[] | undefined> {
  // Whatever the reason: it is not known, and decided upon as such.
  return peers.list().catch(() => undefined);
}

/** All pods of the tiers, and the seal of every Vault member that runs. */
async function lookAtMembers(sources: Sources): Promise<Member[]> {
  const { kubernetes, namespace } = sources;
  const pods = await kubernetes.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace }, tierLabel);
  const living = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return Promise.all(living.map((pod) => look(pod, sources)));
}

async function look(pod: Pod, { namespace, vaultMember }: Sources): Promise<Member> {
  const { name, uid = '', labels } = pod.metadata;
  const tier = labels?.[tierLabel] ?? '';
  const node = pod.spec?.nodeName;
  const health = healthOf(pod);
  return {
    kind: 'member',
    ...{ tier, namespace, pod: name, uid },
    ...health,
    ...(node !== undefined && { node }),
    ...(tier === 'vault' && health.running && (await lookInto(vaultMember(name)))),
  };
}

function healthOf({ status = {} }: Pod): Pick<Member, 'running' | 'ready' | 'restarts'> {
  const { conditions = [], containerStatuses = [] } = status;
  return {
    running: containerStatuses.length > 0 && containerStatuses.every(({ state }) => state?.running),
    ready: conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    restarts: containerStatuses.reduce((sum, { restartCount }) => sum + restartCount, 0),
  };
}

type Inside = Pick<Member, 'seal' | 'empty' | 'leadsFor'>;

async function lookInto(member: VaultMember): Promise<Inside> {
  const seal = await sealOf(member);
  if (seal === 'silent') return { seal };
  if (seal === 'unsealed') {
    // One that does not tell is taken for one that follows.
    const since = await member.leadsSince().catch(() => undefined);
    return { seal, ...(since && { leadsFor: (Date.now() - since.getTime()) / 1000 }) };
  }
  // One that does not tell is taken for one that has its disk.
  const hasData = await member.hasData().catch(() => true);
  return { seal, ...(!hasData && { empty: true }) };
}

async function sealOf(member: VaultMember): Promise<Seal> {
  try {
    const { initialized, sealed } = await member.status();
    if (!initialized) return 'uninitialized';
    return sealed ? 'sealed' : 'unsealed';
  } catch {
    // Whatever the reason, to this function it is one thing: no answer.
    return 'silent';
  }
}
