import type { PodStatus } from '../lib/kubernetes/client.ts';
import { isReady, type Pod } from './members.ts';

type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
type State = NonNullable<ContainerStatus['state']>;
type Running = NonNullable<State['running']>;
type Terminated = NonNullable<State['terminated']>;

/** Why a chaincode does not serve, for people. */
export interface Cause {
  message: string;
  /** Whether it will not mend by itself. */
  hopeless: boolean;
}

/** Milliseconds after which a container that runs should have registered with its peer. */
const registrationMs = 30_000;
/** The same for a pod to have a node. */
const placementMs = 20_000;

/** Of what a container said last, so much fits into a condition. */
const mostLetters = 600;

/** What keeps a container from being made or started: its image or its settings are wrong. */
const unstartable = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
];

/**
 * Why no pod of these serves: of several, the cause that will not mend, else the first.
 * Undefined while there is none to tell: no pod, one that is ready, one that only just began.
 */
export function causeOf(pods: readonly Pod[], now: Date): Cause | undefined {
  const alive = pods.filter(({ metadata }) => !metadata.deletionTimestamp);
  if (alive.some(isReady)) return undefined;
  const causes = alive.map((pod) => podCause(pod, now)).filter((cause) => cause !== undefined);
  return causes.find(({ hopeless }) => hopeless) ?? causes[0];
}

function podCause({ status }: Pod, now: Date): Cause | undefined {
  const [container] = status?.containerStatuses ?? [];
  return container ? containerCause(container, now) : unscheduled(status, now);
}

/** Its peer may only just have moved, and be there in a moment. */
function unscheduled(status: PodStatus | undefined, now: Date): Cause | undefined {
  const found = status?.conditions?.find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  );
  if (!found) return undefined;
  const since = Date.parse(found.lastTransitionTime ?? now.toISOString());
  return {
    message: `it cannot be placed beside its peer: ${text(found.message)}`,
    hopeless: now.getTime() - since > placementMs,
  };
}

function containerCause(status: ContainerStatus, now: Date): Cause | undefined {
  const { waiting, running, terminated } = status.state ?? {};
  const { reason = '', message } = waiting ?? {};
  if (unstartable.includes(reason)) {
    return { message: `${reason}: ${text(message)}`, hopeless: true };
  }
  if (running) return unregistered(running, now);
  const ended = terminated ?? status.lastState?.terminated;
  if (!ended) return undefined;
  // One exit may be chance; a chaincode that does not work exits again.
  const again = reason === 'CrashLoopBackOff' || status.restartCount > 1;
  return { message: endOf(ended), hopeless: again };
}

function endOf({ exitCode, reason = 'Error', message }: Terminated): string {
  const said = text(message);
  return `${reason}: its container ended with exit code ${exitCode}${said && `: ${said}`}`;
}

function unregistered({ startedAt }: Running, now: Date): Cause {
  const late = now.getTime() - Date.parse(startedAt ?? now.toISOString()) > registrationMs;
  return { message: 'its container runs and has not registered with its peer', hopeless: late };
}

/** The end of what was said, where its cause is, in one line. */
function text(said: string | undefined): string {
  const lines = (said ?? '').split('\n').map((line) => line.trim());
  const whole = lines.filter((line) => line !== '').join(' | ');
  return whole.length > mostLetters ? `…${whole.slice(-mostLetters)}` : whole;
}
