import { Unavailable } from '../../lib/errors.ts';
import type { Participation } from '../../lib/fabric/participation.ts';
import type { Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { ports } from '../resources/names.ts';

/** The answer of an orderer, or undefined when there is none: the others go on without it. */
export async function speak<T>(
  pass: Pass,
  { name, group, ip, host: hostname }: Reachable,
  ask: (orderer: Participation) => Promise<T>,
): Promise<T | undefined> {
  const [authorities, pair] = await Promise.all([
    pass.credentials.authorities(group.organization),
    pass.credentials.ordererAdmin(group.organization),
  ]);
  const address = `${ip}:${ports.ordererAdmin}`;
  try {
    return await ask(
      pass.clients.fabric.connectParticipation({
        address,
        hostname,
        tlsRoot: authorities.tls,
        ...pair,
      }),
    );
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    pass.clients.log.warn({ error, orderer: name }, 'orderer does not answer');
    return undefined;
  }
}
