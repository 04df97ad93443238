import test from 'ava';
import { setupJob } from '../../../scripts/cli/setup-job.ts';

test('the same setup has the same name, and another one another', (t) => {
  const name = (image: string): string => setupJob('selvedge', image).metadata.name;
  t.is(name('r/setup:1'), name('r/setup:1'));
  t.not(name('r/setup:1'), name('r/setup:2'));
  t.regex(name('r/setup:1'), /^setup-[0-9a-f]{10}$/);
});

test('no secret is in the Job itself: it names Secrets and mounts them', (t) => {
  const job = JSON.stringify(setupJob('selvedge', 'r/setup:1'));
  t.notRegex(job, /BEGIN|secretKeyRef|stringData/);
  for (const name of ['etcd-client-root', 'minio-credentials', 'minio-client-data-put'])
    t.true(job.includes(name), name);
});
