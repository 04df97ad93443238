import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { Hopeless, until } from '../../../functions/lib/until.ts';
import { isRunning, logOf, start } from '../machine/processes.ts';
import { cache, registry, state } from '../settings.ts';
import { attempt } from '../../lib/shell.ts';

const storage = join(cache, 'registry');

/** Starts the image registry on the bridge. What it holds lies in the cache, so that a later start pushes nothing. */
export async function startRegistry(signal?: AbortSignal): Promise<void> {
  const config = join(state, 'registry.yaml');
  await mkdir(state, { recursive: true, mode: 0o700 });
  await writeFile(config, stringify(registryConfig()));
  if (!(await isRunning('registry'))) await prune();
  await start('registry', ['docker-registry', 'serve', config]);
  await until(
    { what: 'the image registry to answer', timeoutMs: 20_000, firstMs: 50, mostMs: 50, signal },
    async () => {
      if (!(await isRunning('registry')))
        throw new Hopeless(`the registry ended; see ${logOf('registry')}`);
      return (await fetch(`http://${registry}/v2/`, { signal: AbortSignal.timeout(2000) })).ok;
    },
  );
}

/** Images nobody asks for any more pile up; making those in use again takes a minute or two. */
async function prune(): Promise<void> {
  const size = await attempt('du', ['--summarize', '--block-size=1', storage]);
  if (Number.parseInt(size ?? '0') > 10 * 2 ** 30) await rm(storage, { recursive: true });
}

/** The configuration of CNCF distribution 2.8. */
function registryConfig(): object {
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: true, age: '24h', interval: '24h', dryrun: false } },
    },
    http: { addr: registry, host: `http://${registry}` },
  };
}

/** Whether the registry has an image. */
export async function hasImage(host: string, repository: string, tag: string): Promise<boolean> {
  const scheme = host === registry ? 'http' : 'https';
  const accept =
    'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const response = await fetch(`${scheme}://${host}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept },
    signal: AbortSignal.timeout(10_000),
  });
  return response.ok;
}
