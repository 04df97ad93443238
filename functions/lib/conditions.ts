/** What requests make depend on the version that is there (RFC 9110, section 13.1). */

/** The conditions of a request as they came in its headers. */
export interface Conditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

/** The strong entity tag of a version: of its number, and of the digest of its ciphertext (`sha256:<hex>`). */
export function versionTag({ version, digest }: { version: number; digest: string }): string {
  return `"${version}-${digest.slice('sha256:'.length)}"`;
}

/**
 * Whether `If-Match` holds: by strong comparison, so a weak tag matches nothing.
 *
 * @param current the entity tag of what is there; undefined when nothing is
 */
export function matches(ifMatch: string, current: string | undefined): boolean {
  if (current === undefined) return false;
  return ifMatch.trim() === '*' || tagsOf(ifMatch).includes(current);
}

/** Whether `If-None-Match` holds: by weak comparison; the rest as for {@link matches}. */
export function matchesNone(ifNoneMatch: string, current: string | undefined): boolean {
  const strong = tagsOf(ifNoneMatch).map((tag) => tag.replace(/^W\//, ''));
  return !matches(strong.join(), current);
}

const tagsOf = (list: string): string[] => list.split(',').map((tag) => tag.trim());
