import { glob, readFile } from 'node:fs/promises';
import test from 'ava';
import { imageNames } from '../../../scripts/cli/images.ts';

test('the images that are looked for in a registry are all that the manifests name', async (t) => {
  const named = new Set<string>();
  for await (const file of glob('{knative,glusterfs}/**/*.yaml')) {
    const text = await readFile(file, 'utf8');
    for (const [, name] of text.matchAll(/image: selvedge\/([\w-]+)/g)) named.add(name!);
  }
  const names: readonly string[] = imageNames;
  t.deepEqual(
    [...named].filter((name) => !names.includes(name)),
    [],
  );
  t.true(named.size > 5);
});
