/** What failover may act on, and what each is called in a record. */
import type { Reference } from '../lib/kubernetes/event.ts';

/** A pod of one of the storage tiers. */
export interface MemberTarget {
  kind: 'member';
  tier: string;
  namespace: string;
  pod: string;
  uid: string;
}

/** A node of the cluster. */
export interface NodeTarget {
  kind: 'node';
  name: string;
  uid: string;
}

export type Target =
  | MemberTarget
  | NodeTarget
  | { kind: 'pod'; namespace: string; name: string; uid: string }
  | { kind: 'network'; namespace: string; name: string; uid: string }
  | { kind: 'cluster'; name: string };

export function nameOf(target: Target): string {
  return target.kind === 'member' ? target.pod : target.name;
}

/** One text for each target: two of different kinds, or of one name, never meet. */
export function identityOf(target: Target): string {
  const namespace = 'namespace' in target ? target.namespace : '';
  const kind = target.kind === 'member' ? 'pod' : target.kind;
  return [kind, namespace, nameOf(target)].join('/');
}

/** The object that a record of the target belongs to; undefined for a cluster, which is none. */
export function referenceOf(target: Target): Reference | undefined {
  switch (target.kind) {
    case 'member':
    case 'pod': {
      const { namespace, uid } = target;
      return { apiVersion: 'v1', kind: 'Pod', namespace, name: nameOf(target), uid };
    }
    case 'node':
      return { apiVersion: 'v1', kind: 'Node', name: target.name, uid: target.uid };
    case 'network': {
      const { namespace, name, uid } = target;
      return { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', namespace, name, uid };
    }
    case 'cluster':
      return undefined;
  }
}
