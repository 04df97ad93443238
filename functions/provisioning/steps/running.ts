import type { ChaincodePackage } from '../../lib/fabric/package.ts';
import { labels } from '../../lib/network.ts';
import { isReady, type Pod, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { selectorOf } from '../resources/names.ts';
import { watchUntil } from '../watch.ts';

/** The label of the launcher for which package a pod runs: the hash's first 16 digits. */
const packageLabel = 'selvedge.dev/package';

/** The peers beside which a chaincode does not run yet, in words. */
export interface Lacking {
  starting: string[];
  silent: string[];
}

/**
 * Waits until a chaincode runs beside every peer given. Peers start it by themselves once it is
 * committed; one that does not is asked something, which makes it start what it lacks.
 *
 * @returns the peers that still lack it when the pass waits no longer: beside those that are
 * `silent` there is no pod, and so nothing that would tell of it later
 */
export async function running(
  pass: Pass,
  channel: string,
  chaincode: string,
  { packageId }: ChaincodePackage,
  members: readonly Reachable[],
): Promise<Lacking> {
  const { namespace } = pass.plan.id;
  const hash = packageId.slice(packageId.lastIndexOf(':') + 1);
  const selector =
    `${selectorOf(pass.plan.id)},${labels.component}=chaincode,` +
    `${labels.chaincode}=${chaincode},${packageLabel}=${hash.slice(0, 16)}`;
  const of = { apiVersion: 'v1', kind: 'Pod', namespace };
  const found = await pass.clients.kubernetes.list<Pod>(of, selector);
  let lacking = without(members, found.filter(isReady));
  let silent = without(members, found);
  if (lacking.length === 0) return { starting: [], silent: [] };
  const asked = Promise.all(lacking.map((member) => wake(pass, member, channel, chaincode)));
  await watchUntil<Pod>(pass.clients.kubernetes, of, selector, pass.patience, (pods) => {
    lacking = without(members, [...pods.values()].filter(isReady));
    silent = without(members, [...pods.values()]);
    return lacking.length === 0;
  });
  // It has an answer by now, or its own deadline ends it.
  await asked;
  const told = ({ name }: Reachable): string => `${chaincode} beside ${name}`;
  const starting = lacking.filter((member) => !silent.includes(member));
  return { starting: starting.map(told), silent: silent.map(told) };
}

function without(members: readonly Reachable[], pods: readonly Pod[]): Reachable[] {
  const served = new Set(pods.map(({ metadata }) => metadata.labels?.[labels.peer]));
  return members.filter(({ name }) => !served.has(name));
}

async function wake(
  pass: Pass,
  member: Reachable,
  channel: string,
  chaincode: string,
): Promise<void> {
  try {
    const peer = await pass.peer(member);
    await peer.query({ channel, chaincode, args: ['org.hyperledger.fabric:GetMetadata'] });
  } catch (error) {
    // Whether it runs is told by its pod; the answer does not matter, nor that there is none.
    pass.clients.log.debug({ error, peer: member.name, chaincode }, 'chaincode asked');
  }
}
