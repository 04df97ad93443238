import test from 'ava';

import { CommandError } from '../../../../scripts/lib/shell.ts';
import { explained, isLocked } from '../../../../scripts/cluster/machine/packages.ts';

const failed = (output: string): CommandError =>
  new CommandError('apt-get install', 'ended with 100', output);

test('an apt that finds its lists locked is one to wait for', (t) => {
  const lists = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 42 (apt-get)';
  t.true(isLocked(failed(lists)));
  t.false(isLocked(failed('E: Unable to locate package runc')));
  t.false(isLocked(new Error('Could not get lock')));
});

test('what is in the way of an install is said, and that nothing is removed', (t) => {
  const said = explained(failed('E: Packages need to be removed but remove is disabled.'));
  t.regex((said as Error).message, /nothing is removed: see what `apt-get --simulate install cont/);
  const other = failed('E: Unable to locate package runc');
  t.is(explained(other), other);
});
