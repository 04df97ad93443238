import { z } from 'zod';
import {
  anyVersion,
  byteRange,
  dataCursor,
  dataKey,
  entityTags,
  idempotencyKey,
  keyPrefix,
  pageSize,
  tier,
} from '../lib/events.ts';
import { objectName, organizationName } from '../lib/network/shape.ts';

/** The path of a network. */
export const networkPath = z.object({ network: objectName.meta({ examples: ['supply'] }) });

/** The path of an organization of a network. */
export const organizationPath = networkPath.extend({
  organization: organizationName.meta({ examples: ['farm'] }),
});

/** The path of a datum: its key is one percent-encoded segment (`a/b` is `a%2Fb`). */
export const dataPath = networkPath.extend({ key: dataKey.meta({ examples: ['readings/42'] }) });

/** Text, so that what looks like a number only to JavaScript is refused. */
const positive = z.string().regex(/^[1-9]\d{0,14}$/, 'must be a positive number');

/** The query of a read. */
export const readQuery = z.object({ version: positive.optional() });

/** The headers of a read. */
export const readHeaders = z.object({
  'if-match': entityTags
    .optional()
    .meta({ description: 'Only if the version has one of these entity tags; else 412' }),
  'if-none-match': entityTags
    .optional()
    .meta({ description: 'Only if the version has none of these entity tags; else 304' }),
});

/** The headers of a read of the content. */
export const contentHeaders = readHeaders.extend({
  range: byteRange
    .optional()
    .meta({ description: 'One range of bytes; what is none, or several, gives the whole' }),
  'if-range': z
    .string()
    .optional()
    .meta({ description: 'The entity tag under which the range counts; else the whole is given' }),
});

/** The most items of a page. */
const limit = z
  .string()
  .regex(/^([1-9]\d?|100)$/, `must be a number from 1 to ${pageSize.most}`)
  .optional()
  .meta({
    description: `The most items of a page: 1 to ${pageSize.most}; ${pageSize.usual} when left out`,
  });

/** The query of a list of data. */
export const dataQuery = z.object({
  prefix: keyPrefix.optional().meta({ description: 'What the keys begin with' }),
  limit,
  cursor: dataCursor
    .optional()
    .meta({ description: 'The `next` of the page before; the first page when left out' }),
});

/** The query of a list of versions. */
export const versionsQuery = z.object({
  limit,
  cursor: positive
    .optional()
    .meta({ description: 'The `next` of the page before; the first page when left out' }),
});

/** The headers of a change of policy. */
export const policyHeaders = z.object({ 'if-match': entityTags.optional() });

/** The headers of a put. */
export const putHeaders = z.object({
  'idempotency-key': idempotencyKey.optional(),
  'selvedge-tier': tier.optional(),
  'if-match': entityTags
    .optional()
    .meta({ description: 'Only as the next after a version with one of these entity tags' }),
  'if-none-match': anyVersion.optional().meta({ description: 'Only as the first version' }),
});

/** The headers of a batch. */
export const batchHeaders = z.object({
  'idempotency-key': idempotencyKey.optional().meta({
    description: 'Names the batch: the same again, or a part of it, gives the first receipts',
  }),
});
