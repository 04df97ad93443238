import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test from 'ava';

import { end, listens, owes } from '../../glusterfs/keeper/brick.ts';

test('a brick is found where something takes connections', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  t.true(await listens(port));
  server.close();
  t.false(await listens(port));
});

test('a brick owes what it keeps names of, but for the one that all are links to', async (t) => {
  const brick = await mkdtemp(join(tmpdir(), 'selvedge-brick-'));
  t.teardown(() => rm(brick, { recursive: true }));
  const index = join(brick, '.glusterfs/indices/xattrop');
  await mkdir(index, { recursive: true });
  await writeFile(join(index, 'xattrop-7c9e6679-7425-40de-944b-e07fc1f90ae7'), '');
  t.is(await owes(brick), 0);
  await writeFile(join(index, '00000000-0000-0000-0000-000000000001'), '');
  t.is(await owes(brick), 1);
});

test('a brick has ended when its process is gone', async (t) => {
  const child = spawn('sleep', ['infinity']);
  await once(child, 'spawn');
  t.teardown(() => child.kill('SIGKILL'));
  await end(child.pid!);
  t.is(child.signalCode, 'SIGTERM');
});
