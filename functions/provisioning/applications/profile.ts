import type { ConnectionProfile } from '../../lib/applications.ts';
import type { Clients } from '../clients.ts';
import { host, memberName, ports } from '../resources/names.ts';
import { authorityOf, find, type At, type Found } from './find.ts';

/**
 * How applications reach the peers of their organization from within the cluster.
 *
 * @throws NotFound, Conflict, Unavailable as `find` and `authorityOf` do
 */
export async function profile(
  clients: Pick<Clients, 'kubernetes' | 'settings' | 'identities'>,
  at: At,
): Promise<ConnectionProfile> {
  const found = await find(clients, at);
  const { name } = found.organization;
  const { ca } = await authorityOf(clients, found.place, name, 'tls');
  return profileOf(found, ca);
}

/** The profile in the form that Fabric's samples have. */
export function profileOf({ place, organization }: Found, tlsRoot: string): ConnectionProfile {
  const { name, mspId } = organization;
  const peers = Array.from({ length: organization.peers }, (_, index) => {
    const hostname = host(place, name, 'peer', index);
    const reached = {
      url: `grpcs://${hostname}:${ports.peer}`,
      tlsCACerts: { pem: tlsRoot },
      grpcOptions: { 'ssl-target-name-override': hostname, hostnameOverride: hostname },
    };
    return [memberName(name, 'peer', index), reached] as const;
  });
  return {
    name: `${place.network}-${name}`,
    version: '1.0.0',
    client: { organization: name },
    organizations: { [name]: { mspid: mspId, peers: peers.map(([peer]) => peer) } },
    peers: Object.fromEntries(peers),
  };
}
