import test from 'ava';
import type { Member, Seal, State } from '../../../functions/failover/checks/check.ts';
import { pass, type Failover } from '../../../functions/failover/pass.ts';
import { nameOf } from '../../../functions/failover/targets.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { silent } from './checks/nodes.ts';

const never = (): Promise<boolean> => Promise.reject(new Error('nothing calls for it'));

const vault = (seal: Seal, ready = false): State => {
  const member: Member = {
    kind: 'member',
    namespace: 'selvedge-storage',
    pod: 'vault-1',
    uid: 'u',
    tier: 'vault',
    running: true,
    ready,
    restarts: 1,
    seal,
  };
  return { members: [member], nodes: [] };
};

/** A failover that sees the given states one after another, and notes what it does. */
function failover(
  states: State[],
  unseal: Failover['actions']['unseal'] = () => Promise.resolve(true),
): Failover & { told: string[] } {
  const told: string[] = [];
  const note = (line: string): Promise<void> => Promise.resolve(void told.push(line));
  return {
    told,
    gather: () => Promise.resolve((states.length > 1 ? states.shift() : states[0])!),
    actions: { unseal, replace: never, restart: never, 'fence-node': never, 'take-back': never },
    recorder: {
      started: ({ check, action, target }) => note(`${check}: started ${action} ${nameOf(target)}`),
      completed: ({ action }, outcome, detail = '') =>
        note(`${action} ${outcome} ${detail}`.trim()),
      alarmed: ({ target, reason }) => note(`alarm ${nameOf(target)}: ${reason}`),
      kept: (_letter, name) => note(`kept ${name}`),
      dropped: (name) => note(`dropped ${name}`),
    },
  };
}

test('a sealed member is unsealed and both moments are told', async (t) => {
  const subject = failover([vault('sealed'), vault('unsealed', true)]);
  await pass(subject);
  t.deepEqual(subject.told, ['vault-sealed: started unseal vault-1', 'unseal succeeded']);
});

test('a member that starts is waited for, since nothing wakes the function again', async (t) => {
  const subject = failover([vault('silent'), vault('silent'), vault('sealed'), vault('unsealed')]);
  await pass(subject, { pauseMs: 1 });
  t.deepEqual(subject.told, ['vault-sealed: started unseal vault-1', 'unseal succeeded']);
});

test('when patience ends the event is to be sent again', async (t) => {
  const subject = failover([vault('silent')]);
  const error = await t.throwsAsync(pass(subject, { patienceMs: 10, pauseMs: 5 }), {
    instanceOf: Unavailable,
  });
  t.regex(error.message, /vault-1: it does not answer yet/);
});

test('a failed action is told with its reason, and the event is to be sent again', async (t) => {
  const subject = failover([vault('sealed')], () => Promise.reject(new Error('no keys')));
  await t.throwsAsync(pass(subject), { instanceOf: Unavailable });
  t.deepEqual(subject.told, ['vault-sealed: started unseal vault-1', 'unseal failed no keys']);
});

test('an action that found its work done says so', async (t) => {
  const subject = failover([vault('sealed'), vault('unsealed')], () => Promise.resolve(false));
  await pass(subject);
  t.is(subject.told[1], 'unseal succeeded it was done already');
});

test('a member that cannot be helped keeps no other from being helped', async (t) => {
  const [first, second] = ['vault-0', 'vault-1'].map((pod) => ({
    ...vault('sealed').members[0]!,
    pod,
  }));
  const helped: string[] = [];
  const subject = failover([{ members: [first!, second!], nodes: [] }], ({ target: { pod } }) => {
    if (pod === 'vault-0') return Promise.reject(new Error('it stays sealed'));
    helped.push(pod);
    return Promise.resolve(true);
  });
  const error = await t.throwsAsync(pass(subject), { instanceOf: Unavailable });
  t.is(error.message, 'unseal vault-0 failed');
  t.deepEqual(helped, ['vault-1']);
});

test('what nothing can be done about is told once, however often it is looked at', async (t) => {
  const alone: State = { members: [], nodes: [silent(1, 90), silent(2, 90)] };
  const subject = failover([alone, alone, alone]);
  await t.throwsAsync(pass(subject, { patienceMs: 30, pauseMs: 5 }), { instanceOf: Unavailable });
  t.is(subject.told.length, 2);
  t.regex(subject.told[0]!, /^alarm node-1: .* but most other nodes are not well either$/);
});

test('acting does not wait for telling, which the pass only waits for at its end', async (t) => {
  let unsealed = false;
  let tell = (): void => undefined;
  const subject = failover([vault('sealed'), vault('unsealed', true)], () => {
    unsealed = true;
    tell();
    return Promise.resolve(true);
  });
  const { recorder } = subject;
  // The Broker takes the news of the start only after what was started has been done.
  const started = (): Promise<void> => new Promise((resolve) => (tell = resolve));
  await pass({ ...subject, recorder: { ...recorder, started } });
  t.true(unsealed);
  t.deepEqual(subject.told, ['unseal succeeded']);
});

test('a pass that has lost its Lease does nothing more', async (t) => {
  const subject = failover([vault('sealed')]);
  await t.throwsAsync(pass(subject, { signal: AbortSignal.abort() }));
  t.deepEqual(subject.told, []);
});
