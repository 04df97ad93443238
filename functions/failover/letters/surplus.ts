import type { KubernetesObject } from '../../lib/kubernetes/client.ts';

/** The letters that must go so that `most` are left: the oldest. */
export function surplus<T extends KubernetesObject>(letters: readonly T[], most: number): T[] {
  const excess = Math.max(0, letters.length - most);
  return [...letters].sort(byAge).slice(0, excess);
}

/** Timestamps count seconds: within one, names decide, so that everyone decides alike. */
function byAge({ metadata: a }: KubernetesObject, { metadata: b }: KubernetesObject): number {
  const [first = '', second = ''] = [a.creationTimestamp, b.creationTimestamp];
  return first.localeCompare(second) || a.name.localeCompare(b.name);
}
