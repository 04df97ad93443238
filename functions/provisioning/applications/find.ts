import type { z } from 'zod';
import { Conflict, NotFound, Unavailable } from '../../lib/errors.ts';
import { organization as shape } from '../../lib/network/shape.ts';
import type { Clients } from '../clients.ts';
import { read } from '../resource.ts';
import { pkiMount, type AuthorityKind, type NetworkId, type Place } from '../resources/names.ts';
import { placeOf } from '../resources/plan.ts';

/** An organization of a network, by name. */
export interface At {
  id: NetworkId;
  organization: string;
}

export interface Found {
  place: Place;
  organization: z.infer<typeof shape>;
}

/**
 * The organization as the network declares it.
 *
 * @throws NotFound when there is no such network, or no such organization in it
 * @throws Conflict while the network is being deleted
 */
export async function find(
  clients: Pick<Clients, 'kubernetes' | 'settings'>,
  { id, organization }: At,
): Promise<Found> {
  const network = await read(clients, id);
  if (!network) throw new NotFound(`there is no network "${id.network}"`);
  if (network.metadata.deletionTimestamp !== undefined) {
    throw new Conflict(`the network "${id.network}" is being deleted`);
  }
  const declared = network.spec.organizations.find(({ name }) => name === organization);
  if (!declared) {
    throw new NotFound(`the network "${id.network}" has no organization "${organization}"`);
  }
  return { place: placeOf(network, clients.settings), organization: shape.parse(declared) };
}

/**
 * Where a certificate authority of an organization is, and its certificate (PEM).
 *
 * @throws Unavailable while it is not made
 */
export async function authorityOf(
  { identities }: Pick<Clients, 'identities'>,
  place: Place,
  organization: string,
  kind: AuthorityKind,
): Promise<{ mount: string; ca: string }> {
  const mount = pkiMount(place, organization, kind);
  const ca = await identities.certificate(mount);
  if (ca !== undefined) return { mount, ca };
  throw new Unavailable(`the certificate authorities of "${organization}" are not made yet`);
}
