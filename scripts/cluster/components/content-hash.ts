/** The name of what a build makes: the same for as long as nothing that it depends on changes. */
import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BuildLog, run } from './build-process.ts';
import type { Component } from './index.ts';

/** The toolchain is the same for all that this process builds. */
let goVersion: Promise<string> | undefined;

/** Names what a build depends on: the component's files but its tests, its commands and the Go that runs them. */
export async function contentHash(
  component: Component,
  { signal }: { signal?: AbortSignal },
): Promise<string> {
  const hash = createHash('sha256');
  const log = new BuildLog('go', undefined, signal === undefined ? {} : { signal });
  hash.update(
    await (goVersion ??= run({ program: 'go', args: ['version'] }, component.source, log)),
  );
  hash.update(
    JSON.stringify([component.build('out'), component.links]).replaceAll(process.execPath, 'node'),
  );
  for (const path of (await sources(component.source)).filter((path) => isPart(component, path))) {
    hash.update(`\0${path}\0`).update(await readFile(join(component.source, path)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Whether a file of a component's source is one that it depends on. */
export function isPart({ parts = [''] }: Pick<Component, 'parts'>, path: string): boolean {
  return parts.some((part) =>
    part.endsWith('/') ? path.startsWith(part) : part === '' || path === part,
  );
}

const notSource = /(^|\/)(vendor|node_modules|testdata|\..*)(\/|$)|_test\.go$|\.md$/;

async function sources(folder: string): Promise<string[]> {
  const paths: string[] = [];
  const entries = glob('**/*', {
    cwd: folder,
    withFileTypes: true,
    exclude: (entry) => notSource.test(entry.name),
  });
  for await (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(folder.length + 1);
    if (entry.isFile() && !notSource.test(path)) paths.push(path);
  }
  return paths.sort();
}
