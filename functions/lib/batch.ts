/** The contract of a batch: many records to put, NDJSON. */
import { z } from 'zod';
import { anyVersion, dataKey, entityTags } from './events.ts';

/** What one may have: so many lines, those that are empty too, and bytes. */
export const batchLimits = { lines: 1000, bytes: 8 * 1024 * 1024 };

/** A line: a record to put, and which version it may follow. */
export const batchLine = z.strictObject({
  key: dataKey,
  value: z.unknown().refine((value) => value !== undefined, 'is missing: it is the record'),
  ifMatch: entityTags.optional(),
  ifNoneMatch: anyVersion.optional(),
});
