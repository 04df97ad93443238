import { z } from 'zod';
import { dataKey, entityTags, idempotencyKey, tier } from '../lib/events.ts';
import { objectName } from '../lib/network/shape.ts';

/** The path of a network. */
export const networkPath = z.object({ network: objectName.meta({ examples: ['supply'] }) });

/** The path of a datum: its key is one percent-encoded segment (`a/b` is `a%2Fb`). */
export const dataPath = networkPath.extend({ key: dataKey.meta({ examples: ['readings/42'] }) });

/** The query of a read. Text, so that what looks like a number only to JavaScript is refused. */
export const readQuery = z.object({
  version: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'must be a positive number')
    .optional(),
});

/** The headers of a change of policy. */
export const policyHeaders = z.object({ 'if-match': entityTags.optional() });

/** The headers of a put. */
export const putHeaders = z.object({
  'idempotency-key': idempotencyKey.optional(),
  'selvedge-tier': tier.optional(),
});
