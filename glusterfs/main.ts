/** What runs in the GlusterFS pods: `keep` beside each server's brick, `mount` on every node. */
import { createLogger } from '../functions/lib/log.ts';
import { keep } from './keeper/keep.ts';
import { keepMounted } from './mounter/mount.ts';

const programs: Readonly<Record<string, typeof keep>> = { keep, mount: keepMounted };

const [name = ''] = process.argv.slice(2);
const log = createLogger(`glusterfs-${name}`);
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
try {
  const program = programs[name];
  if (program === undefined) throw new Error(`there is no program called ${name}`);
  await program(log, ending.signal);
} catch (error) {
  if (!ending.signal.aborted) {
    log.fatal({ error }, 'ended');
    process.exitCode = 1;
  }
}
