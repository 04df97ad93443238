/** What Vault must hold before a function logs in: engines, the login method, roles, policies. */
import { loginRole, policies, vaultUsers } from './policies.ts';

/** A call to Vault with a root token; see `authorized`. */
export type Call = (
  method: string,
  path: string,
  body?: unknown,
) => Promise<Record<string, unknown>>;

/** Whose service-account tokens Vault takes. */
export interface Issuer {
  /** The `iss` of the tokens. */
  name: string;
  /** Where its public keys are, and the authority of that server (PEM). */
  jwksUrl: string;
  jwksCa: string;
}

/** Every write says what must be, so that a second run changes nothing. */
export async function configureVault(call: Call, issuer: Issuer, namespace: string): Promise<void> {
  await mount(call, 'sys/mounts', 'transit/', { type: 'transit' });
  await mount(call, 'sys/mounts', 'selvedge/', { type: 'kv', options: { version: '2' } });
  await mount(call, 'sys/auth', 'jwt/', { type: 'jwt' });
  await mount(call, 'sys/audit', 'stdout/', {
    type: 'file',
    options: { file_path: 'stdout' },
  });
  await call('POST', 'auth/jwt/config', {
    jwks_url: issuer.jwksUrl,
    jwks_ca_pem: issuer.jwksCa,
    bound_issuer: issuer.name,
    jwt_supported_algs: ['RS256', 'ES256'],
  });
  for (const user of vaultUsers) {
    await call('PUT', `sys/policies/acl/${user}`, { policy: policies[user] });
    await call('POST', `auth/jwt/role/${user}`, loginRole(user, namespace));
  }
}

async function mount(call: Call, table: string, path: string, body: object): Promise<void> {
  const mounted = await call('GET', table);
  const data = (mounted.data ?? mounted) as Record<string, unknown>;
  if (!(path in data)) await call('POST', `${table}/${path.slice(0, -1)}`, body);
}
