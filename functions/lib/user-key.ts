/** What is told of a user's own key. */
import { z } from 'zod';

/** What a caller is told of its own key. */
export const keyStatus = z.object({
  state: z.enum(['active', 'rotating', 'destroyed']),
  /** Those that still open data, the oldest first; the last is the one for new data. */
  versions: z.array(z.object({ version: z.number().int().min(1), createdAt: z.iso.datetime() })),
  destroyedAt: z.iso.datetime().optional(),
});
export type KeyStatus = z.infer<typeof keyStatus>;

/** The data of the event that all data keys of the owner are under the version, and none opens with an older one. */
export const keyRotated = z.object({
  owner: z.string(),
  version: z.number().int().min(1),
  /** When the version was made. */
  rotatedAt: z.iso.datetime(),
});
