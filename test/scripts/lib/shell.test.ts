import test from 'ava';

import { attempt, run } from '../../../scripts/lib/shell.ts';

test('what a command prints is given', async (t) => {
  t.is(await run('cat', [], { input: 'hello' }), 'hello');
});

test('a failure names the command, its status and what it said last', async (t) => {
  const error = await t.throwsAsync(run('sh', ['-c', 'echo why >&2; exit 3']));
  t.regex(error.message, /^sh -c .* ended with 3\n {2}why$/s);
});

test('a command that is not there fails', async (t) => {
  await t.throwsAsync(run('/no/such/program', []), { message: /ENOENT/ });
});

test('a command that takes too long is ended', async (t) => {
  await t.throwsAsync(run('sleep', ['60'], { timeout: 50 }), { message: /took more than 0\.05 s/ });
});

test('an attempt gives nothing where a run fails', async (t) => {
  t.is(await attempt('false', []), undefined);
});
