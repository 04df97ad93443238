import test from 'ava';
import type { PodStatus } from '../../../functions/lib/kubernetes/client.ts';
import { causeOf } from '../../../functions/provisioning/chaincode-cause.ts';
import type { Pod } from '../../../functions/provisioning/members.ts';

type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
type State = NonNullable<ContainerStatus['state']>;

const now = new Date('2026-01-01T00:01:00Z');
const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();

const pod = (status: PodStatus): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'trade', labels: {} },
  status,
});
const container = (state: State, more: Partial<ContainerStatus> = {}): Pod =>
  pod({
    containerStatuses: [
      {
        name: 'chaincode',
        image: 'trade',
        imageID: '',
        ready: false,
        restartCount: 0,
        state,
        ...more,
      },
    ],
  });
const ended = {
  exitCode: 3,
  reason: 'Error',
  message: 'at main.js:1\nError: exports no contract\n',
};
const crash = { lastState: { terminated: ended } };
const unplaced = (seconds: number): Pod =>
  pod({
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        message: '0/3 nodes are available: Insufficient memory.',
        lastTransitionTime: ago(seconds),
      },
    ],
  });

const table: [what: string, pods: Pod[], message: RegExp | undefined, hopeless?: boolean][] = [
  ['no pod', [], undefined],
  ['a pod that nobody told of yet', [pod({})], undefined],
  ['a pod that is ready', [pod({ conditions: [{ type: 'Ready', status: 'True' }] })], undefined],
  [
    'a container that is being made',
    [container({ waiting: { reason: 'ContainerCreating' } })],
    undefined,
  ],
  [
    'an image that cannot be had',
    [container({ waiting: { reason: 'ImagePullBackOff', message: 'manifest unknown' } })],
    /^ImagePullBackOff: manifest unknown$/,
    true,
  ],
  [
    'an image that wants to be root',
    [container({ waiting: { reason: 'CreateContainerConfigError', message: 'runAsNonRoot' } })],
    /runAsNonRoot/,
    true,
  ],
  [
    'one that ended once',
    [container({ terminated: ended })],
    /exit code 3: at main.js:1 \| Error: exports no contract$/,
    false,
  ],
  [
    'one that keeps ending',
    [container({ waiting: { reason: 'CrashLoopBackOff' } }, { ...crash, restartCount: 1 })],
    /^Error: its container ended with exit code 3: .*exports no contract$/,
    true,
  ],
  [
    'one that ended twice',
    [container({ terminated: ended }, { restartCount: 2 })],
    /exit code 3/,
    true,
  ],
  [
    'one that has begun again',
    [container({ running: { startedAt: ago(2) } }, { ...crash, restartCount: 1 })],
    /not registered/,
    false,
  ],
  [
    'one that never registers',
    [container({ running: { startedAt: ago(40) } })],
    /not registered/,
    true,
  ],
  ['one that is to be placed', [unplaced(5)], /Insufficient memory/, false],
  ['one that cannot be placed', [unplaced(30)], /cannot be placed beside its peer/, true],
  [
    'of several the one that will not mend',
    [container({ terminated: ended }), container({ waiting: { reason: 'InvalidImageName' } })],
    /^InvalidImageName/,
    true,
  ],
  [
    'a pod that is on its way out tells nothing',
    [
      {
        ...container({ waiting: { reason: 'InvalidImageName' } }),
        metadata: { name: 'trade', deletionTimestamp: ago(1) },
      },
    ],
    undefined,
  ],
];

for (const [what, pods, message, hopeless] of table) {
  test(`the cause: ${what}`, (t) => {
    const cause = causeOf(pods, now);
    if (message) t.regex(cause?.message ?? '', message);
    else t.is(cause, undefined);
    t.is(cause?.hopeless, hopeless);
  });
}

test('of what a container said only the end is kept', (t) => {
  const message = `${'x'.repeat(5000)}\nCannot find module 'y'`;
  const cause = causeOf([container({ terminated: { ...ended, message } })], now);
  t.true(cause!.message.length < 700);
  t.true(cause!.message.endsWith("Cannot find module 'y'"));
});
