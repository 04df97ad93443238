import type { KubernetesObject, Metadata } from '../../lib/kubernetes/client.ts';
import {
  apiVersion,
  kind,
  labels,
  type FabricNetwork,
  type NetworkSpec,
} from '../../lib/network.ts';
import type { Placement } from '../../lib/network/status.ts';
import { runBy } from '../placement.ts';
import { host, networkNamespace, type Place, type Tier } from './names.ts';

/** What the cluster gives to every network. */
export interface Settings {
  /** The cluster's DNS domain. */
  domain: string;
  /** Of the members' ledgers. */
  storageClass: string;
  /** A Kubernetes quantity, e.g. `1Gi`. */
  volumeSize: string;
  images: { peer: string; orderer: string; chaincode: string };
}

/** All that builders of resources need: they are functions of this and nothing else. */
export interface Plan {
  id: Place;
  spec: NetworkSpec;
  /** Who runs the orderers: what was decided, whatever the spec would lead to by now. */
  placement: Placement;
  settings: Settings;
}

export function planOf(
  network: FabricNetwork,
  spec: NetworkSpec,
  placement: Placement,
  settings: Settings,
): Plan {
  return { id: placeOf(network, settings), spec, placement, settings };
}

export function placeOf({ metadata }: FabricNetwork, { domain }: Pick<Settings, 'domain'>): Place {
  const { name: network, namespace: home, uid = '' } = metadata;
  return { network, home, uid, namespace: networkNamespace({ namespace: home, network }), domain };
}

/** One StatefulSet: the members of one tier that one organization runs. */
export interface Group {
  organization: string;
  mspId: string;
  tier: Tier;
  members: number;
}

/** Who runs what: orderers as they were placed, and as many peers as the spec says. */
export function groups({ spec, placement }: Pick<Plan, 'spec' | 'placement'>): Group[] {
  const { organizations } = spec;
  const orderers = organizations.map(({ name, mspId }) => ({
    organization: name,
    mspId,
    tier: 'orderer' as const,
    members: runBy(placement, name),
  }));
  const peers = organizations.map(({ name, mspId, peers: members }) => ({
    organization: name,
    mspId,
    tier: 'peer' as const,
    members,
  }));
  return [...orderers, ...peers].filter(({ members }) => members > 0);
}

/** The names that an organization's peers are reached by, in their order. */
export function peerHosts(plan: Plan, organization: string): string[] {
  const theirs = groups(plan).find(
    (group) => group.tier === 'peer' && group.organization === organization,
  );
  return Array.from({ length: theirs?.members ?? 0 }, (_, index) =>
    host(plan.id, organization, 'peer', index),
  );
}

/** Metadata of an object in a network's namespace; who owns it is said as it is made (Pass). */
export function metadata(
  { id }: Pick<Plan, 'id'>,
  name: string,
  { organization, tier }: { organization?: string; tier?: Tier } = {},
): Metadata {
  return {
    name,
    namespace: id.namespace,
    labels: {
      'app.kubernetes.io/managed-by': 'selvedge',
      [labels.network]: id.network,
      ...(organization && { [labels.organization]: organization }),
      ...(tier && { [labels.component]: tier }),
    },
  };
}

/** Metadata of what stands beside the network's resource, and goes with it. */
export function metadataAtHome({ network, home, uid }: Place, name: string): Metadata {
  return {
    name,
    namespace: home,
    labels: { 'app.kubernetes.io/managed-by': 'selvedge', [labels.network]: network },
    ownerReferences: [{ apiVersion, kind, name: network, uid }],
  };
}

/** An object with a spec, typed by the builder that makes it. */
export type Made<Spec> = KubernetesObject & { spec: Spec };
