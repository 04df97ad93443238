import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';

/** A server process of a test. */
export interface ServerProcess {
  /** Ends it at once, as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end in good order, as a pod that is evicted, and waits until it is gone. */
  end(): Promise<void>;
  /** Has it stand still: the kernel takes connections for it, and nothing is answered. */
  pause(): void;
  resume(): void;
}

/** Starts a program with nothing of this process's environment; its output goes to `logFile`. */
export function startServer(
  program: string,
  args: string[],
  { env, logFile }: { env: Record<string, string>; logFile: string },
): ServerProcess {
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  // A test process that is killed must not leave its servers behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const gone = once(child, 'exit').finally(() => process.off('exit', end));
  return {
    async kill() {
      end();
      await gone;
    },
    async end() {
      child.kill('SIGTERM');
      await gone;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  };
}

/** Below the ports that the kernel gives to connections: one of those may take a port before its server has it. */
const ofServers = { first: 10_000, last: 30_000 };

/** Ports of loopback that nothing listened on a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(ofServers.first, ofServers.last);
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await once(server.close(), 'close');
  return true;
}
