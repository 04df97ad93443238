import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { state } from '../settings.ts';

/**
 * Does the work, unless it was done for the same content since the cluster started.
 * @param name of what is brought about
 * @param content all that the work depends on
 */
export async function once(
  name: string,
  content: unknown,
  work: () => Promise<void>,
): Promise<void> {
  const record = join(state, 'applied', name);
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  if ((await readFile(record, 'utf8').catch(() => '')) === hash) return;
  await work();
  await mkdir(join(state, 'applied'), { recursive: true });
  await writeFile(record, hash);
}
