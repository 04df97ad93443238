/** What clients are made with, as the environment says it. `main.ts` makes the clients. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EtcdOptions } from '../data/etcd.ts';
import type { ObjectsOptions } from '../data/objects.ts';
import type { VaultOptions } from '../vault/client.ts';
import type { AuthenticatorOptions } from './authentication.ts';
import type { Settings } from './env.ts';

export function vaultOptions(
  env: Pick<Settings, 'VAULT_ENDPOINTS' | 'VAULT_ROLE' | 'VAULT_TOKEN_FILE' | 'CA_FILE'>,
): VaultOptions {
  return {
    addresses: env.VAULT_ENDPOINTS,
    role: env.VAULT_ROLE,
    tokenFile: env.VAULT_TOKEN_FILE,
    caFile: env.CA_FILE,
  };
}

export function etcdOptions(env: Pick<Settings, 'ETCD_ENDPOINTS' | 'ETCD_TLS_DIR'>): EtcdOptions {
  return { endpoints: env.ETCD_ENDPOINTS, tlsDir: env.ETCD_TLS_DIR };
}

/** @throws Error when the files with the credentials cannot be read */
export function objectsOptions(
  env: Pick<Settings, 'MINIO_ENDPOINTS' | 'MINIO_BUCKET' | 'MINIO_CREDENTIALS_DIR' | 'CA_FILE'>,
): ObjectsOptions {
  const credential = (file: string): string =>
    readFileSync(join(env.MINIO_CREDENTIALS_DIR, file), 'utf8').trim();
  return {
    endpoints: env.MINIO_ENDPOINTS,
    bucket: env.MINIO_BUCKET,
    accessKey: credential('access-key'),
    secretKey: credential('secret-key'),
    caFile: env.CA_FILE,
  };
}

export function authenticatorOptions(
  env: Pick<Settings, 'OIDC_ISSUER' | 'OIDC_AUDIENCE' | 'OIDC_JWKS_URL'>,
): AuthenticatorOptions {
  return { issuer: env.OIDC_ISSUER, audience: env.OIDC_AUDIENCE, jwksUrl: env.OIDC_JWKS_URL };
}
