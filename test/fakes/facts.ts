import { createHash } from 'node:crypto';
import type { VersionFact } from '../../functions/lib/data/fact.ts';

/** A valid id, another one for each text. */
export const idOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A valid digest, another one for each text. */
export const digestOf = (text: string): string => `sha256:${idOf(text)}`;

/** A valid fact of a version of the datum that bears the name. */
export const versionFact = (name: string, changes: Partial<VersionFact> = {}): VersionFact => ({
  kind: 'version',
  id: idOf(name),
  incarnation: 'uid-1',
  index: `etcd://${name}`,
  digest: digestOf('ciphertext'),
  size: 64,
  owner: 'c0ffee',
  format: 'selvedge-2',
  policy: digestOf('policy'),
  meta: digestOf('meta'),
  ...changes,
});
