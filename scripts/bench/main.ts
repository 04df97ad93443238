/** `npm run bench`: measures the cluster that runs, side by side with what it is built on. */
import { Command } from 'commander';
import { kubeconfig as localKubeconfig } from '../cluster/settings.ts';
import { keepReport, type Look } from '../lib/keep-report.ts';
import { usualKubeconfig } from '../lib/kubeconfig.ts';
import { interruption, nameColumn, sayWithTime, whole } from '../lib/terminal.ts';
import { connectWorld, type ConnectOptions } from './connect.ts';
import { picture } from './picture.ts';
import { table, told } from './report.ts';
import type { Bench, Round } from './row.ts';
import { rowNamed, rows } from './rows/index.ts';
import { runRows } from './run.ts';
import { verdicts } from './verdict.ts';
import type { World } from './world.ts';

const signal = interruption();
const say = sayWithTime();

interface Flags extends Omit<ConnectOptions, 'say'> {
  rounds: number;
  seconds: number;
  report?: string;
}

const look: Look<Round> = {
  title: 'Measured, side by side',
  of: ({ row }) => row,
  table: (rounds) => table(rows, rounds),
  picture: (rounds) => picture(verdicts(rows, rounds)),
  shows: 'How far each is from what is asked',
};

const program = new Command('npm run bench --').description(
  'measure a cluster of Selvedge that runs, and in turns with it the raw clients of what it is built on',
);

program
  .command('list')
  .description('list the rows')
  .action(() => {
    const column = nameColumn(rows.map(({ name }) => name));
    for (const { name, says } of rows) console.log(`${column(name)}  ${says}`);
  });

program
  .command('run [rows...]')
  .description('measure rows, all if none is named, and print the table')
  .option('--rounds <n>', 'how often each side has its turn', whole, 5)
  .option('--seconds <n>', 'for how long a load is kept up', whole, 5)
  .option('--report <file>', 'write the page, e.g. docs/benchmarks.md')
  .option('--network <name>', 'the network whose data are put and read', 'supply')
  .option('--namespace <name>', 'where it is declared', 'selvedge')
  .option('--gateway <url>', 'the address of the gateway', 'http://127.0.0.1:8480')
  .option('--kubeconfig <file>', 'how to reach the cluster', usualKubeconfig(localKubeconfig))
  .option('--context <name>', 'a context of the kubeconfig, if not its current one')
  .action(async (names: string[], flags: Flags) => {
    const chosen = names.length > 0 ? names.map(rowNamed) : rows;
    const rounds = await measure(chosen, flags);
    console.log(table(rows, rounds));
  });

async function measure(chosen: typeof rows, flags: Flags): Promise<Round[]> {
  const done: Round[] = [];
  let world: Promise<World> | undefined;
  const bench: Bench = {
    world: () => (world ??= connectWorld({ ...flags, say })),
    ...{ forMs: flags.seconds * 1000, signal },
  };
  const onRound = async (round: Round): Promise<void> => {
    say(told(rows, round));
    done.push(round);
    if (flags.report !== undefined) await keepReport(flags.report, [round], look);
  };
  try {
    await runRows(chosen, bench, { rounds: flags.rounds, say, onRound });
  } finally {
    await (await world?.catch(() => undefined))?.close();
  }
  return done;
}

try {
  await program.parseAsync();
  process.exit();
} catch (error) {
  const said = error instanceof Error ? error.message : String(error);
  console.error(signal.aborted ? '\nInterrupted; everything is cleaned up.' : `bench: ${said}`);
  process.exit(1);
}
