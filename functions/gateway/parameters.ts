import { z } from 'zod';
import { dataKey, dataVersion, idempotencyKey, tier } from '../lib/events.ts';
import { objectName } from '../lib/network.ts';

/** The path of a network. */
export const networkPath = z.object({ network: objectName });

/** The path of a datum: its key is one percent-encoded segment (`a/b` is `a%2Fb`). */
export const dataPath = z.object({ network: objectName, key: dataKey });

/** The query of a read. */
export const readQuery = z.object({ version: dataVersion.optional() });

/** The headers of a put. */
export const putHeaders = z.object({
  'idempotency-key': idempotencyKey.optional(),
  'selvedge-tier': tier.optional(),
});
