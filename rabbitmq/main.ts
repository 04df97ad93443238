/** What runs in the pods of the tier RabbitMQ: a keeper, and RabbitMQ below it. */
import { createLogger } from '../functions/lib/log.ts';
import { keep } from './keeper/keep.ts';

const log = createLogger('rabbitmq-keeper');
const ending = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
try {
  await keep(log, ending.signal);
} catch (error) {
  if (!ending.signal.aborted) {
    log.fatal({ error }, 'ended');
    process.exitCode = 1;
  }
}
