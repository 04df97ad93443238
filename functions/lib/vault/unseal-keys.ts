/** The Secret that holds Vault's unseal keys: `setup` writes it once, `failover` reads it. */
import { z } from 'zod';
import { Unavailable } from '../errors.ts';
import type { Kubernetes, KubernetesObject } from '../kubernetes/client.ts';
import type { UnsealKeys } from './members.ts';

export const unsealSecret = 'vault-unseal';

interface Secret extends KubernetesObject {
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

const stored = z
  .object({
    shares: z.array(z.string().min(1)).min(1),
    threshold: z.number().int().min(1),
  })
  .refine(({ shares, threshold }) => shares.length >= threshold, 'too few shares');

/**
 * @returns undefined while Vault has not been initialized
 * @throws Unavailable when the Secret does not hold what it should; the message shows no value
 */
export async function readUnsealKeys(
  kubernetes: Kubernetes,
  namespace: string,
): Promise<UnsealKeys | undefined> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name: unsealSecret };
  const { shares, threshold } = (await kubernetes.get<Secret>(ref))?.data ?? {};
  if (shares === undefined || threshold === undefined) return undefined;
  const decoded = (value: string): string => Buffer.from(value, 'base64').toString();
  try {
    const keys = { shares: JSON.parse(decoded(shares)) as unknown, threshold: +decoded(threshold) };
    return stored.parse(keys);
  } catch {
    // The cause would quote what was read.
    throw new Unavailable(`the Secret ${unsealSecret} holds no unseal keys as we write them`);
  }
}

/** Writes the keys. They exist nowhere else: call it again until it succeeds. */
export async function saveUnsealKeys(
  kubernetes: Kubernetes,
  namespace: string,
  { shares, threshold }: UnsealKeys,
): Promise<void> {
  await kubernetes.apply<Secret>({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: unsealSecret, namespace },
    stringData: { shares: JSON.stringify(shares), threshold: String(threshold) },
  });
}
