/** `npm run chaos`: breaks the cluster that runs, under a prober, and says what callers saw of it. */
import { Command } from 'commander';
import { kubeconfig as localKubeconfig } from '../cluster/settings.ts';
import { keepReport, type Look } from '../lib/keep-report.ts';
import { usualKubeconfig } from '../lib/kubeconfig.ts';
import { interruption, nameColumn, sayWithTime, whole } from '../lib/terminal.ts';
import { connectClients, connectWorld } from './connect.ts';
import { faultNamed, faults } from './faults/index.ts';
import type { Fault } from './faults/fault.ts';
import { picture } from './picture.ts';
import { strips, table } from './report.ts';
import type { Round } from './round.ts';
import { runFaults } from './run.ts';
import { told } from './told.ts';
import { isClean } from './verdict.ts';
import { oneOf, type World } from './world.ts';

const signal = interruption();
const say = sayWithTime();

const look: Look<Round> = {
  title: 'Failover, measured',
  of: ({ fault }) => fault,
  table,
  picture: (rounds) => picture(strips(rounds)),
  shows: 'When writes and reads went through',
};

interface Flags {
  kubeconfig: string;
  context?: string;
  gateway: string;
  network: string;
  namespace: string;
  rounds: number;
  random?: number;
  seed: number;
  report?: string;
  failover: boolean;
}

const program = new Command('npm run chaos --').description(
  'break a cluster of Selvedge that runs, one fault after another, under a prober that puts and gets without pause',
);

program
  .command('list')
  .description('list the faults')
  .action(() => {
    const column = nameColumn(faults.map(({ name }) => name));
    for (const { name, says, local } of faults)
      console.log(`${column(name)}  ${says}${local ? ' (local cluster only)' : ''}`);
  });

program
  .command('run [faults...]')
  .description('run faults, and end with the prober’s verdict: 1 if anything acknowledged was lost')
  .option('--rounds <n>', 'how often each is run', whole, 1)
  .option('--random <n>', 'run so many, chosen by chance, of those named or of all', whole)
  .option('--seed <n>', 'what chance begins from: the same gives the same', whole, 1)
  .option(
    '--report <file>',
    'run each round with failover and without, and write the page, e.g. docs/failover.md',
  )
  .option('--no-failover', 'run them with failover switched off')
  .option('--network <name>', 'the network whose data are put and read', 'supply')
  .option('--namespace <name>', 'where it is declared', 'selvedge')
  .option('--gateway <url>', 'the address of the gateway', 'http://127.0.0.1:8480')
  .option('--kubeconfig <file>', 'how to reach the cluster', usualKubeconfig(localKubeconfig))
  .option('--context <name>', 'a context of the kubeconfig, if not its current one')
  .action(async (names: string[], flags: Flags) => {
    const named = names.map(faultNamed);
    const world = await connectWorld({ ...flags, say });
    const failover = flags.failover ? (flags.report === undefined ? 'on' : 'both') : 'off';
    const rounds = await runFaults(world, {
      ...{ faults: choose(world, named, flags), rounds: flags.rounds, failover, signal },
      client: () => connectClients(flags),
      onRound: async (round) => {
        say(told(round));
        for (const line of faultsOf(round)) say(`  ${line}`);
        if (flags.report !== undefined) await keepReport(flags.report, [round], look);
      },
    });
    if (!rounds.every(({ verdict }) => isClean(verdict))) process.exitCode = 1;
  });

/** @throws Error when none is named, or one that is not there or needs another machine */
function choose(world: World, named: readonly Fault[], { random }: Flags): readonly Fault[] {
  const possible = ({ local }: Fault): boolean => !local || world.machine !== undefined;
  const impossible = named.find((fault) => !possible(fault));
  if (impossible)
    throw new Error(`${impossible.name} needs the local cluster of this checkout, and root`);
  if (random === undefined) {
    if (named.length > 0) return named;
    throw new Error('say which: names that `list` shows, or --random N');
  }
  const all = named.length > 0 ? named : faults.filter(possible);
  return Array.from({ length: random }, () => oneOf(world, 'fault', all));
}

const faultsOf = ({ verdict }: Round): string[] => [
  ...verdict.lost,
  ...verdict.duplicated,
  ...verdict.reordered,
];

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  const said = error instanceof Error ? error.message : String(error);
  console.error(signal.aborted ? '\nInterrupted; everything is mended.' : `chaos: ${said}`);
  process.exit(1);
}
