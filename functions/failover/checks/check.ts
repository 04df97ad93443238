/** What the checks look at, and what they may find. */
import type { VaultPeer } from '../../lib/vault/peers.ts';
import type { MemberTarget, NodeTarget, Target } from '../targets.ts';

/** The seal of a Vault member: `silent` when it does not answer. */
export type Seal = 'unsealed' | 'sealed' | 'uninitialized' | 'silent';

/** A pod of one of the tiers, as it was seen. */
export interface Member extends MemberTarget {
  /** Whether all its containers run now. */
  running: boolean;
  ready: boolean;
  restarts: number;
  /** Only of Vault members that run. */
  seal?: Seal;
  /** Of Vault members that are not unsealed: there is nothing of a Vault on its disk. */
  empty?: true;
  /** Of a Vault member that acts as the leader: for how many seconds. */
  leadsFor?: number;
  /** The node it is on. */
  node?: string;
}

/** A node, as it was seen; seconds are counted over the looks of this function alone. */
export interface Node extends NodeTarget {
  /** Those it is known by to others. */
  addresses: string[];
  /** Whether Kubernetes calls it ready; undefined when it has given up waiting for a word of it. */
  ready: boolean | undefined;
  /** Who took it out of service; nobody where it is undefined. */
  outBy: 'failover' | 'others' | undefined;
  /** Whether its kubelet answers, asked directly, and the seconds for which that has been so. */
  answers: boolean;
  kubeletFor: number;
  /** Seconds for which its Lease was not renewed, and whether it was ever seen to be. */
  unrenewedFor: number;
  renews: boolean;
  /** Networks' pods that Kubernetes has on it. */
  bound: Pod[];
  /** How many of networks' pods run on it that Kubernetes has no more; undefined when it is not told. */
  strays: number | undefined;
}

/** A pod of a network. */
export interface Pod {
  namespace: string;
  name: string;
  uid: string;
}

/** A server of the replicated volume. */
export interface VolumeServer {
  name: string;
  node: string | undefined;
  /** The address of its keeper. */
  keeper: string | undefined;
  /** The addresses that it keeps out; undefined when it does not say. */
  shut: string[] | undefined;
}

/** The volume that every node mounts. */
export interface Volume {
  /** How many servers there are meant to be, each with a copy. */
  copies: number;
  servers: VolumeServer[];
}

/** Everything the checks look at, gathered once. */
export interface State {
  members: Member[];
  nodes: Node[];
  /** Whom Vault counts on; only where a member's disk is empty, and undefined where nobody tells. */
  peers?: VaultPeer[];
  /** Left out where there is none: then no volume can be used from two nodes. */
  volume?: Volume;
}

/**
 * Something to do, to wait for (`wait`: look again soon), or to tell people of since nothing can be
 * done about it (`alarm`), and why, as a clause.
 */
export type Finding =
  | { action: 'unseal'; target: MemberTarget; reason: string }
  | { action: 'replace'; target: MemberTarget; reason: string }
  | { action: 'restart'; target: MemberTarget; reason: string }
  | { action: 'fence-node'; target: NodeTarget; reason: string; node: Node }
  | { action: 'take-back'; target: NodeTarget; reason: string; node: Node }
  | { action: 'alarm'; target: Target; reason: string }
  | { action: 'wait'; target: Target; reason: string };

/** Pure: the same state gives the same findings. */
export interface Check {
  /** Short and lasting: it stands in events, labels and metrics. */
  name: string;
  look: (state: State) => Finding[];
}

/** What the chain decided, and the check that spoke. */
export type Decision = Finding & { check: string };

/** A decision that changes something. */
export type Action = Exclude<Decision, { action: 'wait' | 'alarm' }>;

/** A decision that is for people. */
export type Alarm = Extract<Decision, { action: 'alarm' }>;

/** The target that a node is. */
export function nodeTarget({ name, uid }: Node): NodeTarget {
  return { kind: 'node', name, uid };
}

/** The target that a member is. */
export function targetOf({ tier, namespace, pod, uid }: Member): MemberTarget {
  return { kind: 'member', tier, namespace, pod, uid };
}
