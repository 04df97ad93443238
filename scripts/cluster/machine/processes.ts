import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeControlGroup, members, membersFile } from './cgroups.ts';
import { until } from '../../../functions/lib/until.ts';
import { logs, state } from '../settings.ts';

/** What tells a process from any other that has had, or will have, its id. */
export interface ProcessRecord {
  pid: number;
  /** Clock ticks from the machine's start to the process's start. */
  startTime: string;
  /** The id of the machine's current run. */
  boot: string;
}

export interface StartOptions {
  /** The network namespace it runs in; the host's unless told. */
  namespace?: string;
  /** The file that holds the mount namespace it runs in; the host's unless told. */
  mounts?: string;
  env?: Record<string, string>;
}

/** In the environment of all that is started: its name. */
const mark = 'SELVEDGE_PROCESS';

const records = join(state, 'run');
const recordOf = (name: string): string => join(records, `${name}.json`);

/** Where a process of the cluster logs. */
export const logOf = (name: string): string => join(logs, `${name}.log`);

/**
 * Starts a program that outlives us, unless it is running already. It logs to `.selvedge/log/<name>.log`.
 * @param command the program's path and its arguments
 */
export async function start(
  name: string,
  command: string[],
  options: StartOptions = {},
): Promise<void> {
  if (await isRunning(name)) return;
  await mkdir(records, { recursive: true });
  await mkdir(logs, { recursive: true });
  await makeControlGroup('daemons');
  await endStrays(name);
  const enter = [
    ...(options.namespace === undefined ? [] : [`--net=/run/netns/${options.namespace}`]),
    ...(options.mounts === undefined ? [] : [`--mount=${options.mounts}`]),
  ];
  // `ip netns exec` would remount /sys and so hide the control groups; nsenter keeps the process id.
  const script = `echo $$ > ${await membersFile('daemons')} && exec nsenter ${enter.join(' ')} -- "$@"`;
  const log = openSync(logOf(name), 'a', 0o600);
  const child = spawn('sh', ['-c', script, name, ...command], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...options.env, [mark]: name },
  });
  closeSync(log);
  await once(child, 'spawn');
  child.unref();
  const { pid = 0 } = child;
  const startTime = await startTimeOf(pid);
  if (startTime === undefined) throw new Error(`${name} ended at once; see ${logOf(name)}`);
  await record(name, { pid, startTime, boot: await bootId() });
}

/** Written beside it and put in its place: a start that is cut off leaves a whole record, or none. */
async function record(name: string, content: ProcessRecord): Promise<void> {
  const beside = `${recordOf(name)}.new`;
  await writeFile(beside, JSON.stringify(content));
  await rename(beside, recordOf(name));
}

/** Ends what a start that was cut off before it recorded it has left running under this name. */
async function endStrays(name: string): Promise<void> {
  for (const pid of await members('daemons')) {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (markOf(environment) !== name) continue;
    process.kill(pid, 'SIGKILL');
    const gone = async (): Promise<boolean> => (await startTimeOf(pid)) === undefined;
    const ending = { what: `${name} to end`, timeoutMs: 5000, firstMs: 50, mostMs: 50 };
    await until(ending, gone);
  }
}

/** The name a process was started under, by the text of /proc/PID/environ. */
export function markOf(environment: string): string | undefined {
  const found = environment.split('\0').find((entry) => entry.startsWith(`${mark}=`));
  return found?.slice(mark.length + 1);
}

/** Whether the process started under this name is the one running now. */
export async function isRunning(name: string): Promise<boolean> {
  return (await pidOf(name)) !== undefined;
}

/** Ends the process started under this name, hard if it takes more than 5 s. */
export async function stop(name: string): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const pid = await pidOf(name);
    if (pid === undefined) break;
    process.kill(pid, signal);
    const gone = async (): Promise<boolean> => !(await isRunning(name));
    const ending = { what: `${name} to end`, timeoutMs: 5000, firstMs: 50, mostMs: 50 };
    await until(ending, gone).catch(() => undefined);
  }
  await rm(recordOf(name), { force: true });
}

/** Sends a signal to the process started under this name; one that does not run is not missed. */
export async function signalTo(name: string, signal: NodeJS.Signals): Promise<void> {
  const pid = await pidOf(name);
  if (pid !== undefined) process.kill(pid, signal);
}

/** The names of all that was started and not stopped, each with whether it still runs. */
export async function started(): Promise<{ name: string; running: boolean }[]> {
  const files = await readdir(records).catch(() => []);
  const whole = files.filter((file) => file.endsWith('.json'));
  const names = whole.map((file) => file.replace(/\.json$/, '')).sort();
  return Promise.all(names.map(async (name) => ({ name, running: await isRunning(name) })));
}

async function pidOf(name: string): Promise<number | undefined> {
  const text = await readFile(recordOf(name), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const known = parseRecord(text);
  return known && (await isSame(known)) ? known.pid : undefined;
}

/** A record; undefined where a machine that went down left half of one. */
export function parseRecord(text: string): ProcessRecord | undefined {
  try {
    return JSON.parse(text) as ProcessRecord;
  } catch {
    return undefined;
  }
}

/** Whether the very process that was recorded runs: ids are used again. */
export async function isSame(record: ProcessRecord): Promise<boolean> {
  return record.boot === (await bootId()) && record.startTime === (await startTimeOf(record.pid));
}

/** A record of this very process. */
export async function self(): Promise<ProcessRecord> {
  const startTime = (await startTimeOf(process.pid)) ?? '';
  return { pid: process.pid, startTime, boot: await bootId() };
}

async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return stat === undefined ? undefined : parseStartTime(stat);
}

/**
 * The start time in /proc/PID/stat, proc(5)'s field 22; undefined for a zombie, which runs no more.
 * The command's name, in parentheses, may hold spaces and parentheses.
 */
export function parseStartTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
