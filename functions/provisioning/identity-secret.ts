/** What stands in the Secret with the identities of one organization's orderers or peers. */
import type { KubernetesObject } from '../lib/kubernetes/client.ts';
import { memberKeys } from './resources/names.ts';

export type Secret = KubernetesObject & { data?: Record<string, string> };

/** Keys and certificates of one member, PEM. */
export type MemberIdentity = Record<keyof ReturnType<typeof memberKeys>, string>;

/** The values of a Secret as text. */
export function readSecret(secret: Secret | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]),
  );
}

/** A member's identity under the keys of the Secret. */
export function keyed(identity: MemberIdentity, ordinal: number): Record<string, string> {
  const names = Object.entries(memberKeys(ordinal)) as [keyof MemberIdentity, string][];
  return Object.fromEntries(names.map(([field, key]) => [key, identity[field]]));
}

/** A member's identity in the Secret; undefined where any part of it is missing. */
export function unkeyed(
  known: Record<string, string>,
  ordinal: number,
): MemberIdentity | undefined {
  const entries = Object.entries(memberKeys(ordinal)).map(([field, key]) => [field, known[key]]);
  if (entries.some(([, value]) => !value)) return undefined;
  return Object.fromEntries(entries) as MemberIdentity;
}
