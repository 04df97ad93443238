/** What the audit is told of puts that end in a refusal. */
import { Forbidden, IntegrityError } from '../lib/errors.ts';
import { integrityErrors } from '../lib/function/metrics.ts';
import type { Logger } from '../lib/log.ts';

/** Does the work; tells the audit when RBAC or a policy denied it, or when etcd belies the chain. */
export async function audited<T>(log: Logger, about: object, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Forbidden) {
      log.info({ audit: 'denied', ...about, reason: error.message }, 'audit');
    }
    if (error instanceof IntegrityError) noteMismatch(log, about, error);
    throw error;
  }
}

export function noteMismatch(log: Logger, about: object, { message }: IntegrityError): void {
  integrityErrors.inc();
  log.error({ audit: 'integrity', ...about, reason: message }, 'audit');
}
