import { z } from 'zod';

/**
 * Reads a function's settings from its environment once, at start.
 *
 * @param shape one zod schema per variable; the variable's name is the key
 * @throws Error naming every variable that is missing or malformed, never its value
 */
export function readEnv<Shape extends z.ZodRawShape>(
  shape: Shape,
  source: NodeJS.ProcessEnv = process.env,
): z.infer<z.ZodObject<Shape>> {
  const result = z.object(shape).safeParse(source);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`the environment is not as needed: ${faults.join('; ')}`);
}

/** The addresses of a tier's members, with commas between them. */
const addresses = z
  .string()
  .min(1)
  .transform((list) => list.split(',').map((address) => address.trim()));

/** The schemas of settings that several functions share. */
export const settings = {
  PORT: z.coerce.number().int().min(1).max(65535).default(8080),
  NAMESPACE: z.string().min(1),
  BROKER_URL: z.url(),
  /** Where `failover` hears of addresses that do not answer. */
  FAILOVER_URL: z.url(),
  ETCD_ENDPOINTS: addresses,
  ETCD_TLS_DIR: z.string().min(1),
  MINIO_ENDPOINTS: addresses,
  MINIO_BUCKET: z.string().min(3),
  MINIO_CREDENTIALS_DIR: z.string().min(1),
  CA_FILE: z.string().min(1),
  VAULT_ENDPOINTS: addresses,
  VAULT_ROLE: z.string().min(1),
  VAULT_TOKEN_FILE: z.string().min(1),
  OIDC_ISSUER: z.url(),
  OIDC_AUDIENCE: z.string().min(1).default('selvedge'),
  /** Where the issuer's keys are, when its discovery document names an address we cannot reach. */
  OIDC_JWKS_URL: z.url().optional(),
};
export type Settings = z.infer<z.ZodObject<typeof settings>>;
