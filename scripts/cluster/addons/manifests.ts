import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { KubernetesObject } from '../nodes/kubectl.ts';
import { run } from '../../lib/shell.ts';

/** Finds the source of a Go module of the cluster, of the version that is built; downloads it if need be. */
export async function moduleFolder(module: string): Promise<string> {
  const cwd = join(import.meta.dirname, '../components/cluster');
  const printed = await run('go', ['mod', 'download', '-json', module], {
    cwd,
    env: { GOWORK: 'off' },
    timeout: 300_000,
  });
  return (JSON.parse(printed) as { Dir: string }).Dir;
}

/** Reads the Kubernetes objects in YAML files, and in the YAML files below folders, in the order of their names. */
export async function readManifests(folder: string, paths: string[]): Promise<KubernetesObject[]> {
  const objects: KubernetesObject[] = [];
  for (const path of paths) {
    for (const file of await yamlFiles(join(folder, path)))
      objects.push(...parseManifest(await readFile(file, 'utf8')));
  }
  return objects;
}

/** The objects in a text of YAML documents, of version 1.1, as kubectl reads it. */
export function parseManifest(text: string): KubernetesObject[] {
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

async function yamlFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path, { recursive: true })).filter((name) => name.endsWith('.yaml'));
  return names.sort().map((name) => join(path, name));
}
