import type { EnvVar } from '../../lib/kubernetes/client.ts';

/** Environment entries of a table of values. */
export function variables(table: Record<string, string | number | boolean>): EnvVar[] {
  return Object.entries(table).map(([name, value]) => ({ name, value: String(value) }));
}

/** Environment entries that say what the kubelet knows about the pod. */
export function podFields(table: Record<string, string>): EnvVar[] {
  return Object.entries(table).map(([name, fieldPath]) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  }));
}
