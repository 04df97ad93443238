import { labels } from '../lib/network.ts';
import type { NetworkStatus } from '../lib/network/status.ts';
import { condition, kept, type Condition, type Moment } from './condition.ts';
import { allReady, isReady, membersOf, type Pod } from './members.ts';
import type { Result } from './provision.ts';
import type { Plan } from './resources/plan.ts';

type Phase = NonNullable<NetworkStatus['phase']>;

/** All a status is made from. The same input gives the same status: no change, no event. */
export interface Observed extends Moment {
  plan: Plan;
  /** In the order of `steps`; those that have not ended are left out. */
  results: readonly Result[];
  steps: readonly string[];
  pods: readonly Pod[];
  /** When the network was created. */
  created: Date;
}

export function statusOf(observed: Observed): NetworkStatus {
  const { plan, generation, previous, pods } = observed;
  const phase = phaseOf(observed);
  const orderers = membersOf(plan, 'orderer', pods);
  const peers = membersOf(plan, 'peer', pods);
  const count = (members: readonly { ready: boolean }[]): string =>
    `${members.filter(({ ready }) => ready).length}/${members.length}`;
  return {
    observedGeneration: generation,
    phase,
    namespace: plan.id.namespace,
    placement: plan.placement,
    conditions: [
      condition(observed, 'Ready', phase === 'Ready', phase, summary(observed)),
      ...observed.steps.map((step) => stepCondition(observed, step)),
      ...kept(previous, ['Announced']),
    ],
    ready: { orderers: count(orderers), peers: count(peers) },
    orderers: orderers.map(memberStatus),
    peers: peers.map((peer) => ({
      ...memberStatus(peer),
      chaincodes: chaincodesBeside(peer.name, pods),
    })),
    timings: timingsOf(observed, phase),
  };
}

function phaseOf(observed: Observed): Phase {
  const { results, steps, previous, generation } = observed;
  if (results.length === steps.length && results.every(({ state }) => state === 'done')) {
    return 'Ready';
  }
  if (isUnseen(observed)) return 'Ready';
  const wasReady =
    previous?.observedGeneration === generation &&
    ['Ready', 'Degraded'].includes(previous.phase ?? '');
  const broken = results.some(
    ({ state, retryable }) => state === 'broken' || (state === 'failed' && !retryable),
  );
  return wasReady || broken ? 'Degraded' : 'Progressing';
}

/**
 * Whether a network that was ready could not be looked at for want of Vault alone: it serves
 * without Vault, so while all its members are ready nothing says that it does not.
 */
function isUnseen({ results, previous, generation, plan, pods }: Observed): boolean {
  const open = results.filter(({ state }) => state !== 'done');
  return (
    previous?.observedGeneration === generation &&
    previous.phase === 'Ready' &&
    open.some(({ reason }) => reason === 'VaultUnavailable') &&
    open.every(({ state, reason }) => state === 'blocked' || reason === 'VaultUnavailable') &&
    allReady(plan, pods)
  );
}

/** One line for people: what is in the way, the first of the story first. */
function summary({ results }: Observed): string {
  const open = results.filter(({ state }) => ['waiting', 'broken', 'failed'].includes(state));
  return open.map(({ step, message }) => `${step}: ${message}`).join('; ');
}

const reasons: Record<Result['state'], string> = {
  done: 'Done',
  waiting: 'Waiting',
  broken: 'Broken',
  failed: 'Failed',
  blocked: 'Blocked',
};

function stepCondition(observed: Observed, step: string): Condition {
  const type = step.charAt(0).toUpperCase() + step.slice(1);
  const result = observed.results.find((one) => one.step === step);
  if (!result) return condition(observed, type, undefined, 'Running', '');
  const reason = result.reason ?? reasons[result.state];
  return condition(observed, type, result.state === 'done', reason, result.message);
}

/** Milliseconds in which an event of a network that is not ready is tried again and again. */
const eagerMs = 480_000;

/**
 * Whether a network has not been ready for so long that trying at once again is idle: the clock
 * tries it (sources.yaml), and whatever happens to it. The status remembers; no function has to.
 */
export function isPersistent({ conditions }: NetworkStatus = {}, now: Date): boolean {
  const ready = conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'False') return false;
  return now.getTime() - new Date(ready.lastTransitionTime).getTime() > eagerMs;
}

function memberStatus({ name, group, node, ready }: ReturnType<typeof membersOf>[number]) {
  return { name, organization: group.organization, ...(node && { node }), ready };
}

function chaincodesBeside(peer: string, pods: readonly Pod[]) {
  return pods
    .filter(
      ({ metadata }) =>
        metadata.labels?.[labels.component] === 'chaincode' &&
        metadata.labels[labels.peer] === peer &&
        !metadata.deletionTimestamp,
    )
    .map((pod) => ({
      name: pod.metadata.labels?.[labels.chaincode] ?? '',
      pod: pod.metadata.name,
      ...(pod.spec?.nodeName && { node: pod.spec.nodeName }),
      ready: isReady(pod),
    }))
    .sort((a, b) => a.pod.localeCompare(b.pod));
}

/**
 * Seconds each step took until the network was ready, over all passes that needed; `total` from
 * its creation. Later passes change nothing, so they leave them as they are.
 */
function timingsOf(observed: Observed, phase: Phase): Record<string, number> {
  const { previous, results, created, now } = observed;
  const before = previous?.timings ?? {};
  if (before['total'] !== undefined) return before;
  const sums = results.map(
    ({ step, seconds }) => [step, round((before[step] ?? 0) + seconds)] as const,
  );
  const total = round((now.getTime() - created.getTime()) / 1000);
  return { ...before, ...Object.fromEntries(sums), ...(phase === 'Ready' && { total }) };
}

const round = (seconds: number): number => Math.round(seconds * 100) / 100;
