import { pino, type Logger } from 'pino';

export type { Logger };

/** Names whose values never reach a log, wherever they stand in a logged object. */
const secret = [
  'authorization',
  'token',
  'privateKey',
  'plaintext',
  'password',
  'secretKey',
  'key_shares',
];

/**
 * One JSON line per fact on standard output, as Kubernetes collects them.
 * Level from `LOG_LEVEL` (default `info`). Errors go under `error`.
 */
export function createLogger(name: string): Logger {
  return pino({
    name,
    level: process.env.LOG_LEVEL ?? 'info',
    base: { name },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: describe },
    redact: secret.flatMap((word) => [word, `*.${word}`, `*.*.${word}`]),
  });
}

/** What of an error belongs in a log: name, message, stack, and the same of its causes. */
function describe(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause === undefined ? {} : { cause: describe(cause) }) };
}
