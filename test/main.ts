/**
 * `npm test`: everything that is checked, in the order in which it fails fastest.
 * Does its own set-up; what it started it ends. What failed is shown once more in the end, and
 * the last line counts what really ran.
 */
import { Command } from 'commander';
import { runSuites, suites } from './suites.ts';

const names = Object.keys(suites);

const program = new Command('npm test --')
  .description('run the tests: all of them, or the suites named')
  .argument('[suite...]', `which of: ${names.join(', ')}`, names)
  .option('--here', 'e2e: on the cluster of this checkout, started if need be and left running')
  .action(async (chosen: string[], { here }: { here?: boolean }) => {
    const unknown = chosen.filter((name) => !names.includes(name));
    if (unknown.length > 0) {
      program.error(`no suite is called ${unknown.join(', ')}; there are: ${names.join(', ')}`);
    }
    const { passed, failures, shaky = [] } = await runSuites(chosen, { here: here ?? false });
    tell('failed beside others and passed alone: to be mended, too', shaky);
    tell('failed', failures);
    console.log(`${passed} passed, ${failures.length} failed`);
    process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;
  });

function tell(what: string, tests: readonly string[]): void {
  if (tests.length > 0) console.log([`\n── ${what}`, ...tests].join('\n'));
}

await program.parseAsync();
