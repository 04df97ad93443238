import test from 'ava';

import { Plan, StepError } from '../../../scripts/lib/progress.ts';

const never = new AbortController().signal;

test('a step is given the results of those before it', async (t) => {
  const plan = new Plan(never);
  const one = plan.step('one', [], () => Promise.resolve(1));
  const two = plan.step('two', [one], ([value]) => Promise.resolve(`got ${value}`));
  await plan.show();
  t.is(await two.result, 'got 1');
});

test('steps that do not wait for each other run at the same time', async (t) => {
  const plan = new Plan(never);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  plan.step('waits', [], () => promise);
  plan.step('frees', [], () => {
    resolve(undefined);
    return Promise.resolve();
  });
  await t.notThrowsAsync(plan.show());
});

test('a failure names its step, and those after it never begin', async (t) => {
  const plan = new Plan(never);
  const bad = plan.step('bad', [], () => Promise.reject(new Error('the cause')));
  let began = false;
  plan.step('after', [bad], () => Promise.resolve((began = true)));
  const error = await t.throwsAsync(plan.show(), { instanceOf: StepError });
  t.is(error.message, 'bad: the cause');
  t.false(began);
});

test('a failure ends the steps that run', async (t) => {
  const plan = new Plan(never);
  plan.step('long', [], async () => {
    await new Promise((resolve) => plan.signal.addEventListener('abort', resolve));
    throw new Error('ended');
  });
  plan.step('bad', [], () => Promise.reject(new Error('first')));
  await t.throwsAsync(plan.show(), { message: 'bad: first' });
});

test('an interruption ends the plan with its reason', async (t) => {
  const controller = new AbortController();
  const plan = new Plan(controller.signal);
  plan.step('long', [], async () => {
    await new Promise((resolve) => plan.signal.addEventListener('abort', resolve));
  });
  controller.abort(new Error('ended by SIGINT'));
  await t.throwsAsync(plan.show(), { message: 'ended by SIGINT' });
});
