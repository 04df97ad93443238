/** What of a version is given, by the conditions of the request (RFC 9110, section 13.2.2). Pure. */
import { matches, matchesNone, type Conditions } from '../lib/conditions.ts';
import { PreconditionFailed } from '../lib/errors.ts';

/** Whether the caller gets the version, or hears that it is the one that it has. */
export type Selection = 'whole' | 'unchanged';

/**
 * @param tag the entity tag of the version
 * @throws PreconditionFailed when the version is none of those meant
 */
export function select({ ifMatch, ifNoneMatch }: Conditions, tag: string): Selection {
  if (ifMatch !== undefined && !matches(ifMatch, tag)) {
    throw new PreconditionFailed('the version is another than the one meant');
  }
  return ifNoneMatch === undefined || matchesNone(ifNoneMatch, tag) ? 'whole' : 'unchanged';
}
