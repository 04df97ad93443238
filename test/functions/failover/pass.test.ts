import test from 'ava';
import type { Action, Member, Seal, State } from '../../../functions/failover/checks/check.ts';
import { pass, type Failover } from '../../../functions/failover/pass.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';

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
  return { members: [member] };
};

/** A failover that sees the given states one after another, and notes what it does. */
function failover(
  states: State[],
  unseal: (action: Action) => Promise<boolean> = () => Promise.resolve(true),
): Failover & { told: string[] } {
  const told: string[] = [];
  const note = (line: string): Promise<void> => Promise.resolve(void told.push(line));
  return {
    told,
    gather: () => Promise.resolve((states.length > 1 ? states.shift() : states[0])!),
    actions: { unseal },
    recorder: {
      started: ({ check, action, target }) => note(`${check}: started ${action} ${target.pod}`),
      completed: ({ action }, outcome, detail = '') =>
        note(`${action} ${outcome} ${detail}`.trim()),
      deadLetter: () => note('dead letter'),
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
  const subject = failover([{ members: [first!, second!] }], ({ target: { pod } }) => {
    if (pod === 'vault-0') return Promise.reject(new Error('it stays sealed'));
    helped.push(pod);
    return Promise.resolve(true);
  });
  const error = await t.throwsAsync(pass(subject), { instanceOf: Unavailable });
  t.is(error.message, 'unseal vault-0 failed');
  t.deepEqual(helped, ['vault-1']);
});
