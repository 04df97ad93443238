import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { connectKeepers } from '../../functions/failover/volume.ts';
import { Unavailable } from '../../functions/lib/errors.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { serveShut } from '../../glusterfs/keeper/serve-shut.ts';
import { ruleset, Shut } from '../../glusterfs/keeper/shut.ts';

const log = createLogger('test');
log.level = 'silent';

/** A server that keeps others out, but for its kernel. */
async function server(t: ExecutionContext, before?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-shut-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'brick.shut');
  if (before !== undefined) await writeFile(file, before);
  const applied: (readonly string[])[] = [];
  const kernel = { fails: false };
  const shut = new Shut(file, [], (addresses) => {
    if (kernel.fails) return Promise.reject(new Error('this kernel cannot'));
    applied.push(addresses);
    return Promise.resolve();
  });
  await shut.restore();
  const http = await serveShut(shut, 0, log);
  t.teardown(() => void http.close());
  const { port } = http.address() as AddressInfo;
  const ask = async (method: string, path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return `${answer.status} ${await answer.text()}`.trim();
  };
  return { file, applied, kernel, ask, port };
}

test('who is kept out is said once it is in force, and kept for the next start', async (t) => {
  const { file, applied, ask } = await server(t);
  t.is(await ask('GET', '/shut'), '200 []');
  t.is(await ask('PUT', '/shut/10.89.0.12'), '204');
  t.is(await ask('PUT', '/shut/fd00::1'), '204');
  t.is(await ask('PUT', '/shut/10.89.0.12'), '204', 'again');
  t.is(await ask('GET', '/shut'), '200 ["fd00::1","10.89.0.12"]');
  t.is(await ask('DELETE', '/shut/10.89.0.12'), '204');
  t.is(await ask('GET', '/shut'), '200 ["fd00::1"]');
  t.deepEqual(applied.at(-1), ['fd00::1']);
  t.is(await readFile(file, 'utf8'), 'fd00::1\n');
});

test('a server that starts anew goes on keeping out', async (t) => {
  const { applied, ask } = await server(t, '10.89.0.12\n');
  t.deepEqual(applied, [['10.89.0.12']]);
  t.is(await ask('GET', '/shut'), '200 ["10.89.0.12"]');
});

test('what could not be done is not said to be', async (t) => {
  const { kernel, ask } = await server(t);
  kernel.fails = true;
  t.is(await ask('PUT', '/shut/10.89.0.12'), '500');
  t.is(await ask('GET', '/shut'), '200 []');
});

test('failover and a keeper understand each other', async (t) => {
  const { port, kernel } = await server(t);
  const keepers = connectKeepers(port);
  await keepers.close('127.0.0.1', '10.89.0.12');
  t.deepEqual(await keepers.shut('127.0.0.1'), ['10.89.0.12']);
  await keepers.open('127.0.0.1', '10.89.0.12');
  t.deepEqual(await keepers.shut('127.0.0.1'), []);
  kernel.fails = true;
  await t.throwsAsync(keepers.close('127.0.0.1', '10.89.0.12'), { instanceOf: Unavailable });
});

test('changes at once are made one after the other', async (t) => {
  const { ask } = await server(t);
  await Promise.all([1, 2, 3, 4].map((n) => ask('PUT', `/shut/10.0.0.${n}`)));
  const said = (await ask('GET', '/shut')).slice('200 '.length);
  t.is((JSON.parse(said) as string[]).length, 4);
});

for (const path of ['/shut/', '/shut/localhost', '/shut/10.0.0.1/24', '/shut/10.0.0.1%3Bx', '/']) {
  test(`${path} is no address`, async (t) => {
    const { applied, ask } = await server(t);
    t.is(await ask('PUT', path), '404');
    t.deepEqual(applied, []);
  });
}

test('rules take the place of those before, in one step', (t) => {
  t.is(
    ruleset(['10.89.0.12', 'fd00::1'], ['10.89.0.11']),
    [
      'table inet selvedge-shut',
      'delete table inet selvedge-shut',
      'table inet selvedge-shut {',
      'chain input {',
      'type filter hook input priority -10; policy accept;',
      'ip saddr 10.89.0.12 meta l4proto tcp reject with tcp reset',
      'ip saddr 10.89.0.12 drop',
      'ip6 saddr fd00::1 meta l4proto tcp reject with tcp reset',
      'ip6 saddr fd00::1 drop',
      '}',
      '}',
      '',
    ].join('\n'),
  );
});

test('a server that is to keep out its own node serves no brick to anybody', (t) => {
  const [all] = ruleset(['10.89.0.13', '10.89.0.12'], ['10.89.0.12', 'fd00::1'])
    .split('\n')
    .filter((line) => line.startsWith('iifname'));
  t.is(all, 'iifname != "lo" tcp dport 49152-60999 reject with tcp reset');
});
