import type { KubernetesObject, Metadata } from '../../lib/kubernetes/client.ts';
import {
  apiVersion,
  kind,
  labels,
  type FabricNetwork,
  type NetworkSpec,
} from '../../lib/network.ts';
import type { NetworkId, Tier } from './names.ts';

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
  id: NetworkId & { domain: string };
  uid: string;
  spec: NetworkSpec;
  settings: Settings;
}

export function planOf(network: FabricNetwork, spec: NetworkSpec, settings: Settings): Plan {
  const { name, namespace, uid = '' } = network.metadata;
  return { id: { namespace, network: name, domain: settings.domain }, uid, spec, settings };
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

/** Metadata of an object made for a network: its labels, and the network as its owner. */
export function metadata(
  { id, uid }: { id: NetworkId; uid: string },
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
    // The finalizer removes everything in order; this is for what it could not see.
    ownerReferences: [{ apiVersion, kind, name: id.network, uid }],
  };
}

/** An object with a spec, typed by the builder that makes it. */
export type Made<Spec> = KubernetesObject & { spec: Spec };
