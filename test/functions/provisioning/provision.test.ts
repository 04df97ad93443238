import test from 'ava';
import { Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';
import { VaultUnavailable } from '../../../functions/lib/vault/client.ts';
import { Pass } from '../../../functions/provisioning/pass.ts';
import { provision, story } from '../../../functions/provisioning/provision.ts';
import { groups } from '../../../functions/provisioning/resources/plan.ts';
import { Refused } from '../../../functions/provisioning/fault.ts';
import { done, type Outcome, type Step } from '../../../functions/provisioning/steps/step.ts';
import { createWorld, planFor, supply } from './world.ts';

async function somePass(signal = new AbortController().signal): Promise<Pass> {
  const { clients } = await createWorld();
  return new Pass(clients, supply(), planFor(), { signal, urgent: signal });
}

const step = (name: string, after: string[], run: () => Promise<Outcome>): Step => ({
  name,
  after,
  run,
});
const ends = () => Promise.resolve(done);

const states = async (steps: Step[]): Promise<Record<string, string>> => {
  const results = await provision(await somePass(), undefined, steps);
  return Object.fromEntries(results.map(({ step: name, state }) => [name, state]));
};

test('a pass connects to a member once, and anew when it came back elsewhere', async (t) => {
  const pass = await somePass();
  const [group] = groups(pass.plan).filter(({ tier }) => tier === 'orderer');
  const member = { name: 'farm-orderer-0', group: group!, host: 'farm-orderer-0', ready: true };
  const [before, same, after] = await Promise.all(
    ['10.0.0.1', '10.0.0.1', '10.0.0.2'].map((ip) => pass.orderer({ ...member, ip } as never)),
  );
  t.is(before, same);
  t.not(before, after);
});

test('the story of a network comes in its order', (t) => {
  t.deepEqual(
    story.map(({ name }) => name),
    [
      'namespace',
      'identities',
      'orderers',
      'channels',
      'peers',
      'joins',
      'rollout',
      'anchor',
      'chaincodes',
      'agreement',
      'endpoints',
      'prune',
    ],
  );
  const told = new Set<string>();
  for (const { name, after } of story) {
    t.true(
      after.every((earlier) => told.has(earlier)),
      name,
    );
    told.add(name);
  }
});

test('steps that need not wait for each other run at the same time', async (t) => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const results = await states([
    step('first', [], async () => gate.then(() => done)),
    step('second', [], () => {
      release();
      return ends();
    }),
  ]);
  t.deepEqual(results, { first: 'done', second: 'done' });
});

test('what comes after a failure is blocked, what does not goes on', async (t) => {
  const results = await states([
    step('bad', [], () => Promise.reject(new Unprocessable('no'))),
    step('next', ['bad'], ends),
    step('after next', ['next'], ends),
    step('apart', [], ends),
  ]);
  t.deepEqual(results, { bad: 'failed', next: 'blocked', 'after next': 'blocked', apart: 'done' });
});

test('waiting holds nothing up', async (t) => {
  const results = await states([
    step('slow', [], () => Promise.resolve({ waitingFor: 'a pod' })),
    step('next', ['slow'], ends),
  ]);
  t.deepEqual(results, { slow: 'waiting', next: 'done' });
});

test('what is broken holds nothing up, and says why', async (t) => {
  const lost = { reason: 'Lost', message: 'restore it' };
  const results = await provision(await somePass(), undefined, [
    step('broken', [], () => Promise.resolve({ broken: lost, waitingFor: 'a pod' })),
    step('next', ['broken'], ends),
  ]);
  t.like(results[0], { state: 'broken', reason: 'Lost', message: 'restore it; waiting for a pod' });
  t.like(results[1], { state: 'done' });
});

test('a failure says its reason where it has one', async (t) => {
  const results = await provision(await somePass(), undefined, [
    step('sealed', [], () => Promise.reject(new VaultUnavailable('sealed'))),
    step('refused', [], () => Promise.reject(new Refused({ reason: 'Lost', message: 'no' }))),
    step('plain', [], () => Promise.reject(new Unavailable('away'))),
  ]);
  t.deepEqual(
    results.map(({ reason, retryable }) => [reason, retryable]),
    [
      ['VaultUnavailable', true],
      ['Lost', false],
      [undefined, true],
    ],
  );
});

test('a failure says whether trying again can help', async (t) => {
  const results = await provision(await somePass(), undefined, [
    step('later', [], () => Promise.reject(new Unavailable('sealed'))),
    step('never', [], () => Promise.reject(new Unprocessable('no such thing'))),
  ]);
  t.like(results[0], { retryable: true, message: 'sealed' });
  t.like(results[1], { retryable: false, message: 'no such thing' });
});

test('a pass that lost its Lease begins no further step', async (t) => {
  const stop = new AbortController();
  const steps = [
    step('one', [], () => {
      stop.abort(new Unavailable('the lease was lost'));
      return ends();
    }),
    step('two', ['one'], ends),
  ];
  const results = await provision(await somePass(stop.signal), undefined, steps);
  t.deepEqual(
    results.map(({ state }) => state),
    ['done', 'failed'],
  );
});

test('a step that never ends ends with its pass, and says that the next goes on', async (t) => {
  const { clients } = await createWorld();
  const { signal } = new AbortController();
  const bounds = { bound: 30, grace: 30 };
  const pass = new Pass(clients, supply(), planFor(), { signal, urgent: signal }, bounds);
  const hangs = step('hangs', [], () => new Promise<Outcome>(() => undefined));
  // Holds the process while nothing else does.
  const alive = setTimeout(() => undefined, 10_000);
  const results = await provision(pass, undefined, [hangs, step('later', ['hangs'], ends)]);
  clearTimeout(alive);
  t.deepEqual(
    results.map(({ state, reason, retryable }) => [state, reason, retryable]),
    [
      ['waiting', 'OutOfTime', true],
      ['waiting', 'OutOfTime', true],
    ],
  );
});
