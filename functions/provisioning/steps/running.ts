import { labels } from '../../lib/network.ts';
import { causeOf } from '../chaincode-cause.ts';
import { isReady, type Pod, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { selectorOf } from '../resources/names.ts';
import { watchUntil } from '../watch.ts';

/** The label of the launcher for which package a pod runs: the hash's first 16 digits. */
const packageLabel = 'selvedge.dev/package';

/** Beside which peers a chaincode does not run, and why, in words. */
export interface Lacking {
  /** Nothing tells when it is there: its peer is to be asked again. */
  silent: string[];
  /** It will not mend by itself. */
  broken: string[];
}

/**
 * Waits until a chaincode runs beside every peer given, or cannot. Peers start it by themselves
 * once it is committed; one that does not is asked something, which makes it start what it lacks.
 */
export async function running(
  pass: Pass,
  channel: string,
  chaincode: string,
  packageId: string,
  members: readonly Reachable[],
): Promise<Lacking> {
  const { kubernetes, now } = pass.clients;
  const of = { apiVersion: 'v1', kind: 'Pod', namespace: pass.plan.id.namespace };
  const labelSelector = selectorFor(pass, chaincode, packageId);
  let pods = await kubernetes.list<Pod>(of, labelSelector);
  const lacking = (): Reachable[] =>
    members.filter((member) => !beside(member, pods).some(isReady));
  if (lacking().length === 0) return { silent: [], broken: [] };
  const asked = Promise.all(lacking().map((member) => wake(pass, member, channel, chaincode)));
  const watched = { of, labelSelector, signal: pass.patience };
  await watchUntil<Pod>(kubernetes, watched, (all) => {
    pods = [...all.values()];
    return lacking().every((member) => causeOf(beside(member, pods), now())?.hopeless);
  });
  // Most have answered by now; the other calls end by their own deadlines.
  const answers = new Map(await asked);
  const found = lacking().map((member) => {
    const cause = causeOf(beside(member, pods), now());
    const why = cause?.message ?? answers.get(member.name) ?? '';
    return { peer: member.name, why, hopeless: cause?.hopeless ?? false };
  });
  return {
    silent: inWords(
      chaincode,
      found.filter(({ hopeless }) => !hopeless),
    ),
    broken: inWords(
      chaincode,
      found.filter(({ hopeless }) => hopeless),
    ),
  };
}

/** What is the same beside several peers is said once. */
function inWords(chaincode: string, found: readonly { peer: string; why: string }[]): string[] {
  return [...Map.groupBy(found, ({ why }) => why)].map(([why, same]) => {
    const peers = same.map(({ peer }) => peer).join(', ');
    return `${chaincode} beside ${peers}${why && ` (${why})`}`;
  });
}

function selectorFor({ plan }: Pass, chaincode: string, packageId: string): string {
  const hash = packageId.slice(packageId.lastIndexOf(':') + 1);
  return (
    `${selectorOf(plan.id)},${labels.component}=chaincode,` +
    `${labels.chaincode}=${chaincode},${packageLabel}=${hash.slice(0, 16)}`
  );
}

const beside = ({ name }: Reachable, pods: readonly Pod[]): Pod[] =>
  pods.filter(({ metadata }) => metadata.labels?.[labels.peer] === name);

/** What the peer said to it, where it refused: it may say why it launches nothing. */
async function wake(
  pass: Pass,
  member: Reachable,
  channel: string,
  chaincode: string,
): Promise<[name: string, said: string | undefined]> {
  try {
    const peer = await pass.peer(member);
    await peer.query({ channel, chaincode, args: ['org.hyperledger.fabric:GetMetadata'] });
    return [member.name, undefined];
  } catch (error) {
    // Whether it runs is told by its pod.
    pass.clients.log.debug({ error, peer: member.name, chaincode }, 'chaincode asked');
    return [member.name, error instanceof Error ? error.message.slice(-300) : undefined];
  }
}
