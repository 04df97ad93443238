import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { forgetOrigin, isFresh, keepOrigin } from '../../../../scripts/cluster/images/freshness.ts';

async function made(t: ExecutionContext): Promise<{ root: string; folder: string }> {
  const root = await mkdtemp(join(tmpdir(), 'selvedge-origin-'));
  t.teardown(() => rm(root, { recursive: true }));
  for (const file of ['a.ts', 'b.ts']) await writeFile(join(root, file), file);
  const folder = join(root, 'bundle');
  await mkdir(folder);
  await keepOrigin(folder, root, ['b.ts', 'a.ts']);
  return { root, folder };
}

test('what was made is fresh as long as the files are as they were', async (t) => {
  const { root, folder } = await made(t);
  t.true(await isFresh(folder, root));
  await writeFile(join(root, 'b.ts'), 'changed');
  t.false(await isFresh(folder, root));
});

test('a file that is gone, an end that never came and a folder nobody knows are not fresh', async (t) => {
  const { root, folder } = await made(t);
  await rm(join(root, 'a.ts'));
  t.false(await isFresh(folder, root));
  const emptied = await made(t);
  await rm(emptied.folder, { recursive: true });
  t.false(await isFresh(emptied.folder, emptied.root));
  const other = await made(t);
  await forgetOrigin(other.folder);
  t.false(await isFresh(other.folder, other.root));
  t.false(await isFresh(join(root, 'nothing'), root));
});
