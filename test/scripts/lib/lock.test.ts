import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { withLock } from '../../../scripts/lib/lock.ts';

async function folder(t: ExecutionContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'selvedge-lock-'));
  t.teardown(() => rm(path, { recursive: true }));
  return path;
}

test('a lock is held by one at a time and given back after a failure', async (t) => {
  const path = join(await folder(t), 'lock');
  let inside = 0;
  const visit = (fail: boolean): Promise<void> =>
    withLock(path, { what: 'a visit' }, async () => {
      t.is(++inside, 1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
      if (fail) throw new Error('as asked');
    });
  await t.throwsAsync(visit(true), { message: 'as asked' });
  await Promise.all([visit(false), visit(false)]);
  t.is(inside, 0);
});

test('a lock in a folder that is not there is had', async (t) => {
  const path = join(await folder(t), 'no cache', 'yet', 'lock');
  t.is(await withLock(path, { what: 'a visit' }, () => Promise.resolve('done')), 'done');
});

test('who waits is told for whom', async (t) => {
  const path = join(await folder(t), 'lock');
  let told: (said: string) => void = () => undefined;
  const waiting = new Promise<string>((resolve) => (told = resolve));
  let second: Promise<string> | undefined;
  await withLock(path, { what: 'the first' }, async () => {
    second = withLock(path, { what: 'the second', onWait: told }, () => Promise.resolve('done'));
    t.regex(await waiting, new RegExp(`^Waiting for the first \\(process ${process.pid}, since 2`));
  });
  t.is(await second, 'done');
});
