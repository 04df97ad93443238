import { Unavailable } from '../../lib/errors.ts';
import { until } from '../../lib/until.ts';
import type { Participation } from '../../lib/fabric/participation.ts';
import type { Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { ports } from '../resources/names.ts';

/** Milliseconds for a pod that has just become ready: a firewall may not know its address yet. */
const newnessMs = 3_000;

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
  const orderer = pass.clients.fabric.connectParticipation({
    address,
    hostname,
    tlsRoot: authorities.tls,
    ...pair,
  });
  const answering = {
    what: `${name} to answer`,
    timeoutMs: newnessMs,
    signal: pass.signal,
    final: (error: unknown) => !(error instanceof Unavailable),
  };
  try {
    const { answer } = await until(answering, async () => ({ answer: await ask(orderer) }));
    return answer;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    pass.clients.log.warn({ error, orderer: name }, 'orderer does not answer');
    return undefined;
  }
}
