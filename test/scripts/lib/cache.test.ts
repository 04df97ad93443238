import test from 'ava';

import { cacheFolder } from '../../../scripts/lib/cache.ts';

const cases: [string, string | undefined, string][] = [
  ['not set', undefined, '/home/user/.cache/selvedge'],
  ['empty', '', '/home/user/.cache/selvedge'],
  ['relative', 'caches', '/home/user/.cache/selvedge'],
  ['absolute', '/var/caches', '/var/caches/selvedge'],
];

for (const [name, base, folder] of cases)
  test(`with an XDG_CACHE_HOME that is ${name}, caches lie in ${folder}`, (t) => {
    t.is(cacheFolder({ XDG_CACHE_HOME: base }, '/home/user'), folder);
  });
