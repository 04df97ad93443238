import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

import { bridge, podCidr, serviceCidr } from '../../scripts/cluster/settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The environment our scripts get where the caller has only this, and a PATH. */
async function environment(given: Record<string, string>): Promise<Record<string, string>> {
  const args = ['scripts/run.mjs', 'test/fakes/environment.mjs'];
  const env = { PATH: process.env['PATH'] ?? '', ...given };
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root, env });
  return JSON.parse(stdout) as Record<string, string>;
}

test('without a home, and with an empty cache folder, programs get those of the user', async (t) => {
  const env = await environment({ XDG_CACHE_HOME: '' });
  t.is(env['HOME'], homedir());
  t.is(env['XDG_CACHE_HOME'], undefined);
  t.is(env['NODE_USE_ENV_PROXY'], undefined);
  const set = await environment({ HOME: '/somewhere', XDG_CACHE_HOME: '/cache' });
  t.like(set, { HOME: '/somewhere', XDG_CACHE_HOME: '/cache' });
});

test('a proxy is used by our own fetches too, and never asked for what is on this machine', async (t) => {
  const env = await environment({
    HTTPS_PROXY: 'http://proxy.example:3128',
    NO_PROXY: 'own.example',
  });
  t.is(env['NODE_USE_ENV_PROXY'], '1');
  t.is(env['NO_PROXY'], env['no_proxy']);
  const list = env['NO_PROXY']?.split(',') ?? [];
  for (const place of [
    'own.example',
    'localhost',
    '127.0.0.1',
    '.svc',
    bridge.address,
    podCidr,
    serviceCidr,
  ])
    t.true(list.includes(place), place);
});
