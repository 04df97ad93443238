/** Runs other programs' tests, shows them line by line, and counts them. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** How many tests passed, and what is to be said of each that failed: it is said again in the end. */
export interface Count {
  passed: number;
  failures: string[];
  /** Of those that failed beside others and passed alone; left out where none did. */
  shaky?: string[];
}

/**
 * The count of a TAP stream's lines. A runner that ends badly without naming a failed test
 * (it crashed, or ran nothing) counts as one failure.
 */
export function countTap(lines: readonly string[], exitCode: number): Count {
  const passed = lines.filter((line) => /^ok \d+/.test(line) && !/# (SKIP|TODO)/.test(line)).length;
  const failures = lines.flatMap((line, at) =>
    /^not ok \d+/.test(line) ? [[line, ...detailsOf(lines.slice(at + 1))].join('\n')] : [],
  );
  return orSilent({ passed, failures }, exitCode);
}

/**
 * What counts when the files that failed have run once more, each alone: their tests as they went then.
 *
 * @param lines of the first run
 * @param again the second run of each file, by its name in those lines
 */
export function countAgain(lines: readonly string[], again: ReadonlyMap<string, Count>): Count {
  const isDone = (text: string): boolean => !again.has(fileOf(text) ?? '');
  const first = countTap(lines, 1);
  const others = {
    passed: countTap(lines.filter(isDone), 1).passed,
    failures: first.failures.filter(isDone),
  };
  const seconds = [...again].map(([file, { passed, failures }]) => ({
    passed,
    failures: failures.map((text) => `${file}: ${text}`),
  }));
  const shaky = first.failures.filter(
    (text) => again.get(fileOf(text) ?? '')?.failures.length === 0,
  );
  return { ...sum([others, ...seconds]), shaky };
}

/** All counts together. */
export function sum(counts: readonly Count[]): Count {
  return {
    passed: counts.reduce((total, { passed }) => total + passed, 0),
    failures: counts.flatMap(({ failures }) => failures),
    shaky: counts.flatMap(({ shaky = [] }) => shaky),
  };
}

/** The names of the files of failed tests, each once; a failure that names no file is not among them. */
export function failedFiles(lines: readonly string[]): string[] {
  const failed = lines.filter((line) => line.startsWith('not ok'));
  return [...new Set(failed.flatMap((line) => fileOf(line) ?? []))];
}

/** As ava puts it before the titles of tests where there are several files. */
function fileOf(text: string): string | undefined {
  return /^(?:not )?ok \d+ - (\S+) › /.exec(text)?.[1];
}

/** The YAML block that follows the line of a failed test. */
function detailsOf(following: readonly string[]): readonly string[] {
  const end = following.findIndex((line) => !line.startsWith('  '));
  return end < 0 ? following : following.slice(0, end);
}

function orSilent(count: Count, exitCode: number): Count {
  const silent = count.failures.length === 0 && (exitCode !== 0 || count.passed === 0);
  const said = `not ok - it ran ${count.passed} tests, named none that failed, and exited with ${exitCode}`;
  return silent ? { ...count, failures: [said] } : count;
}

/** A line of `go test -json`; without `Test` it is about the package. */
interface GoEvent {
  Action: string;
  Package?: string;
  Test?: string;
  Output?: string;
}

/** The count of what `go test -json` prints: its tests, not its packages. */
export function countGo(lines: readonly string[], exitCode: number): Count {
  const events = lines
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as GoEvent);
  const that = (action: string): string[] =>
    events.flatMap(({ Action, Test }) => (Test !== undefined && Action === action ? [Test] : []));
  const failures = that('fail').map((name) => `not ok - ${name}`);
  return orSilent({ passed: that('pass').length, failures }, exitCode);
}

/** The tests of a suite of ava.config.js, of this checkout unless told. */
export async function ava(suite: string, checkout = root): Promise<Count> {
  const { lines, exitCode } = await runAva({ suite, checkout });
  return countTap(lines, exitCode);
}

/**
 * The same of a suite whose files share the machine. On two cores servers of one keep those of another waiting, so a
 * file that fails is run once more alone: what fails then counts as failed, and what passes is named all the same.
 *
 * @param suite one whose files are in the folder of its name
 */
export async function avaTwice(suite: string, checkout = root): Promise<Count> {
  const { lines, exitCode } = await runAva({ suite, checkout });
  const again = new Map<string, Count>();
  for (const name of failedFiles(lines)) {
    console.log(`── ${name} once more, alone`);
    const second = await runAva({ suite, checkout, files: [`test/${suite}/${name}.test.ts`] });
    again.set(name, countTap(second.lines, second.exitCode));
  }
  return again.size === 0 ? countTap(lines, exitCode) : countAgain(lines, again);
}

interface AvaRun {
  suite: string;
  checkout: string;
  /** All of the suite where none is named. */
  files?: string[];
}

function runAva({ suite, checkout, files = [] }: AvaRun) {
  const args = ['--import', './test/tap.mjs', 'node_modules/.bin/ava', '--tap', ...files];
  return run(process.execPath, args, { cwd: checkout, env: { SUITE: suite }, echo: showTap });
}

/** The tests of a Go module, or of some packages of it. */
export async function goTests(folder: string, packages = ['./...']): Promise<Count> {
  const { lines, exitCode } = await run('go', ['test', '-json', ...packages], {
    cwd: folder,
    echo: showGo(),
  });
  return countGo(lines, exitCode);
}

/** A program that passes or fails as a whole. */
export async function program(name: string, command: string, args: string[]): Promise<Count> {
  const { exitCode } = await run(command, args, { echo: (line) => line });
  return whole(name, exitCode);
}

/** What counts as one test, by how it ended. */
export function whole(name: string, exitCode: number | null): Count {
  const said = `${exitCode === 0 ? 'ok' : 'not ok'} - ${name}`;
  console.log(said);
  return exitCode === 0 ? { passed: 1, failures: [] } : { passed: 0, failures: [said] };
}

function showTap(line: string): string | undefined {
  return /^(TAP|1\.\.|# (tests|pass|fail|skip)|$)/.test(line) ? undefined : line;
}

/** Shows a line for each test, and what a test printed only when it failed. */
function showGo(): (line: string) => string | undefined {
  const printed = new Map<string, string>();
  return (line) => {
    if (!line.startsWith('{')) return line;
    const { Action, Package = '', Test, Output = '' } = JSON.parse(line) as GoEvent;
    const name = Test ?? Package;
    const before = printed.get(name) ?? '';
    printed.set(name, before + Output);
    if (Action === 'fail') return `${before}not ok - ${name}`;
    return Action === 'pass' && Test !== undefined ? `ok - ${Test}` : undefined;
  };
}

interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** What of a line to show; nothing when undefined. */
  echo: (line: string) => string | undefined;
}

async function run(
  command: string,
  args: string[],
  { cwd, env, echo }: RunOptions,
): Promise<{ lines: string[]; exitCode: number }> {
  const child = spawn(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(127);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    const shown = echo(line);
    if (shown !== undefined) console.log(shown);
  }
  return { lines, exitCode: await exit };
}
