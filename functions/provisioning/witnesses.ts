/** What tells who runs the orderers of a network whose status does not say. */
import { consentersOf } from '../lib/fabric/config-block.ts';
import { Forbidden } from '../lib/errors.ts';
import type { KubernetesObject } from '../lib/kubernetes/client.ts';
import { labels, type NetworkSpec } from '../lib/network.ts';
import type { Placement } from '../lib/network/status.ts';
import type { Clients } from './clients.ts';
import { createKept } from './kept.ts';
import { memberOf, type Place, selectorOf } from './resources/names.ts';
import { keptConfiguration } from './steps/configuration.ts';
import { keptGenesis } from './steps/genesis.ts';
import type { StatefulSet } from './steps/workloads.ts';

/**
 * The consenters of its channels first, for they are what counts; then its StatefulSets. A network
 * without a namespace has neither: its placement is kept before the namespace is made.
 */
export async function witnessesOf(
  clients: Clients,
  place: Place,
  spec: NetworkSpec,
): Promise<Placement[]> {
  const ref = { apiVersion: 'v1', kind: 'Namespace', name: place.namespace };
  const namespace = await clients.kubernetes.get(ref);
  // One of an earlier network of the name is on its way out.
  if (namespace?.metadata.labels?.[labels.uid] !== place.uid) return [];
  return Promise.all([consenters(clients, place, spec), sets(clients, place, namespace)]);
}

async function consenters(
  { vault }: Clients,
  place: Place,
  { channels }: NetworkSpec,
): Promise<Placement> {
  const kept = createKept(vault, { id: place });
  const blocks = await Promise.all(
    channels.map(
      async ({ name }) =>
        (await keptConfiguration({ kept }, name))?.block ?? (await keptGenesis({ kept }, name)),
    ),
  );
  const hosts = blocks.flatMap((block) => (block ? consentersOf(block) : []));
  return placementOf(
    hosts.flatMap(({ host }) => {
      const member = memberOf(host.split('.')[0] ?? '', 'orderer');
      return member ? [{ organization: member.organization, orderers: member.index + 1 }] : [];
    }),
  );
}

async function sets(
  { kubernetes }: Clients,
  place: Place,
  { metadata: { uid } }: KubernetesObject,
): Promise<Placement> {
  const of = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: place.namespace };
  const selector = `${selectorOf(place)},${labels.component}=orderer`;
  try {
    const found = await kubernetes.list<StatefulSet>(of, selector);
    return placementOf(
      found
        .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
        .map(({ metadata, spec }) => ({
          organization: metadata.labels?.[labels.organization] ?? '',
          orderers: spec.replicas ?? 1,
        })),
    );
  } catch (error) {
    // Rights in the namespace come right after it, and before the sets.
    if (error instanceof Forbidden) return [];
    throw error;
  }
}

/** Each organization once, with the most that is said of it. */
function placementOf(said: readonly Placement[number][]): Placement {
  const most = new Map<string, number>();
  for (const { organization, orderers } of said) {
    most.set(organization, Math.max(orderers, most.get(organization) ?? 0));
  }
  return [...most].map(([organization, orderers]) => ({ organization, orderers }));
}
