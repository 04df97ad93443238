import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { manifests } from './manifests.ts';

interface Patch {
  target?: { kind: string; name: string; group?: string };
  patch?: string;
}
interface Operation {
  op: string;
  path: string;
  value: unknown;
}

const root = join(import.meta.dirname, '../../knative/overlays');
const patchesOf = (overlay: string): Patch[] => {
  const file = join(root, overlay, 'kustomization.yaml');
  return (parse(readFileSync(file, 'utf8')) as { patches?: Patch[] }).patches ?? [];
};

/** What a JSON pointer without escapes points at. */
const at = (object: unknown, path: string): unknown =>
  path
    .split('/')
    .slice(1)
    .reduce((part, key) => (part as Record<string, unknown> | undefined)?.[key], object);

test('what the production overlay replaces by its place in a list is there', (t) => {
  const patches = patchesOf('production/functions');
  t.true(patches.length > 0);
  for (const { target, patch } of patches) {
    const object = manifests().find(
      (one) =>
        !one.file.startsWith('overlays/') &&
        one.kind === target?.kind &&
        one.metadata.name === target.name &&
        (one as unknown as { apiVersion: string }).apiVersion.startsWith(target.group ?? ''),
    );
    for (const { op, path, value } of parse(patch ?? '') as Operation[]) {
      const there = at(object, path);
      if (op === 'test') t.is(there, value, path);
      else t.not(there, undefined, path);
    }
  }
});
