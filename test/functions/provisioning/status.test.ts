import test from 'ava';
import { networkStatus, type NetworkStatus } from '../../../functions/lib/network/status.ts';
import { membersOf, type Pod } from '../../../functions/provisioning/members.ts';
import type { Result } from '../../../functions/provisioning/provision.ts';
import { type Observed, statusOf } from '../../../functions/provisioning/status.ts';
import { planFor } from './world.ts';

const steps = ['identities', 'peers'];
const result = (step: string, state: Result['state'], more: Partial<Result> = {}): Result => ({
  step,
  state,
  message: '',
  retryable: false,
  seconds: 1,
  ...more,
});

const done = steps.map((step) => result(step, 'done'));

const observed = (more: Partial<Observed> = {}): Observed => ({
  plan: planFor(),
  generation: 2,
  previous: undefined,
  results: done,
  steps,
  pods: [],
  created: new Date('2026-01-01T00:00:00Z'),
  now: new Date('2026-01-01T00:00:42Z'),
  ...more,
});

const was = (phase: NetworkStatus['phase'], observedGeneration = 2): NetworkStatus => ({
  observedGeneration,
  phase,
});

const sealed = [
  result('identities', 'failed', { reason: 'VaultUnavailable', retryable: true }),
  result('peers', 'blocked'),
];

function everyPod(): Pod[] {
  const { plan } = observed();
  const members = [...membersOf(plan, 'orderer', []), ...membersOf(plan, 'peer', [])];
  return members.map(({ name }) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'selvedge' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  }));
}

const phases: Record<string, [Partial<Observed>, NetworkStatus['phase']]> = {
  'all done': [{}, 'Ready'],
  'nothing ended yet': [{ results: [] }, 'Progressing'],
  'one waits, for the first time': [
    { results: [result('identities', 'done'), result('peers', 'waiting')] },
    'Progressing',
  ],
  'one waits that was ready': [
    { results: [result('identities', 'done'), result('peers', 'waiting')], previous: was('Ready') },
    'Degraded',
  ],
  'one waits after a change of the spec': [
    {
      results: [result('identities', 'done'), result('peers', 'waiting')],
      previous: was('Ready', 1),
    },
    'Progressing',
  ],
  'one failed and may work later': [
    { results: [result('identities', 'failed', { retryable: true }), result('peers', 'blocked')] },
    'Progressing',
  ],
  'one failed for good': [
    { results: [result('identities', 'failed'), result('peers', 'blocked')] },
    'Degraded',
  ],
  'one is broken, for the first time': [
    { results: [result('identities', 'broken', { reason: 'Lost' }), result('peers', 'done')] },
    'Degraded',
  ],
  'Vault is sealed, all members are ready and it was': [
    { results: sealed, previous: was('Ready'), pods: everyPod() },
    'Ready',
  ],
  'Vault is sealed and a member is away': [
    { results: sealed, previous: was('Ready'), pods: everyPod().slice(1) },
    'Degraded',
  ],
  'Vault is sealed and something else fails': [
    {
      results: [...sealed, result('orderers', 'waiting')],
      previous: was('Ready'),
      pods: everyPod(),
    },
    'Degraded',
  ],
  'Vault is sealed before it was ever ready': [
    { results: sealed, previous: was('Progressing'), pods: everyPod() },
    'Progressing',
  ],
  'all done after it was degraded': [{ previous: was('Degraded') }, 'Ready'],
};
for (const [what, [input, phase]] of Object.entries(phases)) {
  test(`${what}: ${phase}`, (t) => {
    t.is(statusOf(observed(input)).phase, phase);
  });
}

test('what is in the way is said in one line and in the condition of its step', (t) => {
  const { conditions } = statusOf(
    observed({
      results: [
        result('identities', 'failed', { message: 'Vault is sealed', retryable: true }),
        result('peers', 'blocked', { message: 'comes after identities' }),
      ],
    }),
  );
  const of = (type: string) => conditions?.find((condition) => condition.type === type);
  t.like(of('Ready'), { status: 'False', message: 'identities: Vault is sealed' });
  t.like(of('Identities'), { status: 'False', reason: 'Failed', message: 'Vault is sealed' });
  t.like(of('Peers'), { status: 'False', reason: 'Blocked' });
});

test('a step that says its reason has it in its condition', (t) => {
  const broken = result('peers', 'broken', { reason: 'NoVolume', message: 'restore it' });
  const { conditions } = statusOf(observed({ results: [result('identities', 'done'), broken] }));
  t.like(
    conditions?.find(({ type }) => type === 'Peers'),
    { status: 'False', reason: 'NoVolume', message: 'restore it' },
  );
  t.like(
    conditions?.find(({ type }) => type === 'Ready'),
    { status: 'False', reason: 'Degraded', message: 'peers: restore it' },
  );
});

test('a condition that did not change keeps its time', (t) => {
  const first = statusOf(observed());
  const later = new Date('2026-01-02T00:00:00Z');
  const same = statusOf(observed({ previous: first, now: later }));
  t.deepEqual(same, first);
  const changed = statusOf(
    observed({ previous: first, now: later, results: [result('identities', 'done')] }),
  );
  const ready = changed.conditions?.find(({ type }) => type === 'Ready');
  t.is(ready?.lastTransitionTime, '2026-01-02T00:00:00Z');
});

test('timings add up over the passes it took, and stay once it is ready', (t) => {
  const waiting = statusOf(observed({ results: [result('identities', 'done', { seconds: 2 })] }));
  t.deepEqual(waiting.timings, { identities: 2 });
  const ready = statusOf(observed({ previous: waiting }));
  t.deepEqual(ready.timings, { identities: 3, peers: 1, total: 42 });
  t.deepEqual(statusOf(observed({ previous: ready })).timings, ready.timings);
});

test('chaincode stands with the peer it runs beside', (t) => {
  const pod = (name: string, labels: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'selvedge', labels },
    spec: { nodeName: 'node-2' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  const { peers, ready } = statusOf(
    observed({
      pods: [
        pod('shop-peer-0', {}),
        pod('shop-peer-0-anchor', {
          'selvedge.dev/component': 'chaincode',
          'selvedge.dev/peer': 'shop-peer-0',
          'selvedge.dev/chaincode': 'anchor',
        }),
      ],
    }),
  );
  t.deepEqual(peers?.[2], {
    name: 'shop-peer-0',
    organization: 'shop',
    node: 'node-2',
    ready: true,
    chaincodes: [{ name: 'anchor', pod: 'shop-peer-0-anchor', node: 'node-2', ready: true }],
  });
  t.deepEqual(ready, { orderers: '0/3', peers: '1/4' });
});

test('a status fits its own schema', (t) => {
  t.notThrows(() => networkStatus.parse(statusOf(observed())));
});
