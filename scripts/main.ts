import { Command } from 'commander';

import { deploy } from './commands/deploy.ts';
import { down } from './commands/down.ts';
import { StepError } from './lib/progress.ts';
import { printStatus } from './commands/status.ts';
import { printSummary } from './commands/summary.ts';
import { NotPossible, up } from './commands/up.ts';
import { logs } from './cluster/settings.ts';

interface UpFlags {
  context?: string;
  registry?: string;
  overlay: string;
  sample: boolean;
}

// Where Debian keeps what only root runs; not on the PATH of whoever became root by su(1).
process.env['PATH'] = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(name, () => interrupted.abort(new Error(`ended by ${name}`)));
const { signal } = interrupted;

const program = new Command('cluster').description('The local cluster of Selvedge.');

program
  .command('up', { isDefault: true })
  .description(
    'bring up the local cluster and Selvedge on it, or Selvedge on a cluster that is there',
  )
  .option('--context <name>', 'deploy to the cluster of this context of your kubeconfig instead')
  .option(
    '--registry <host>',
    'with --context: the registry to push images to, from which that cluster pulls; http://<host> for one without TLS',
  )
  .option('--overlay <name>', 'with --context: a folder of knative/overlays', 'production')
  .option('--no-sample', 'leave out the sample network and its data')
  .action(async (flags: UpFlags) => {
    const { context, registry, overlay, sample } = flags;
    if (context === undefined) printSummary(await up({ signal, sample }));
    else if (registry === undefined) throw new NotPossible('--context needs --registry.');
    else await deploy({ context, registry, overlay, signal });
  });

program
  .command('down')
  .description('remove everything that the local cluster made on this machine, but for its caches')
  .action(() => down(signal));

program.command('status').description('say what of the local cluster runs').action(printStatus);

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  report(error);
  process.exit(1);
}

function report(error: unknown): void {
  if (signal.aborted) console.error('\nInterrupted. `npm start` carries on, `npm stop` cleans up.');
  else if (error instanceof NotPossible) console.error(error.message);
  else if (error instanceof StepError)
    console.error(`\nFailed at: ${error.message}\nLogs: ${logs}`);
  else console.error(error);
}
