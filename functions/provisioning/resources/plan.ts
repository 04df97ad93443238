import type { KubernetesObject, Metadata } from '../../lib/kubernetes/client.ts';
import {
  apiVersion,
  kind,
  labels,
  type FabricNetwork,
  type NetworkSpec,
} from '../../lib/network.ts';
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
  settings: Settings;
}

export function planOf(network: FabricNetwork, spec: NetworkSpec, settings: Settings): Plan {
  return { id: placeOf(network, settings), spec, settings };
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

/**
 * Who runs what. Orderers go round the organizations, so that no organization holds a majority
 * of them where there are enough organizations for that.
 */
export function groups({ consensus, organizations }: NetworkSpec): Group[] {
  const orderers = organizations.map(({ name, mspId }, index) => ({
    organization: name,
    mspId,
    tier: 'orderer' as const,
    members: Math.floor(
      (consensus.orderers + organizations.length - 1 - index) / organizations.length,
    ),
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
export function peerHosts({ id, spec }: Pick<Plan, 'id' | 'spec'>, organization: string): string[] {
  const theirs = groups(spec).find(
    (group) => group.tier === 'peer' && group.organization === organization,
  );
  return Array.from({ length: theirs?.members ?? 0 }, (_, index) =>
    host(id, organization, 'peer', index),
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
