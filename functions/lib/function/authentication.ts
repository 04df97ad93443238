import { createHash } from 'node:crypto';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { Unauthorized, Unavailable } from '../errors.ts';

/** The issuer of a cluster's service-account tokens, as Kubernetes names it by default. */
export const clusterIssuer = 'https://kubernetes.default.svc.cluster.local';

/** Signature algorithms taken: asymmetric ones only, so a public key can never serve as a secret. */
const algorithms = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'];

/** A key the issuer withdraws is trusted for at most this long (RFC 7517 leaves it to us). */
const keysMaxAgeMs = 15 * 60_000;

/** Who calls. */
export interface Caller {
  /** Names the user in storage and in Vault: see `userId`. */
  id: string;
  issuer: string;
  /** The token's `sub`. */
  subject: string;
  /** The user's name in Kubernetes RBAC. */
  username: string;
  /** The user's groups in Kubernetes RBAC. */
  groups: string[];
}

export interface Authenticator {
  /**
   * Who a request's `Authorization` header (RFC 6750: `Bearer …`) stands for.
   *
   * @throws Unauthorized when there is no token or it does not hold
   * @throws Unavailable when the issuer's keys cannot be had
   */
  authenticate(authorization: string | undefined): Promise<Caller>;
}

/** What of a token's claims says who it stands for. */
export interface Claims {
  sub: string;
  groups?: string[] | undefined;
}

/** Knows whom a token would stand for. */
export interface Callers {
  /**
   * The caller that a token of the issuer with such claims stands for.
   *
   * @throws Unauthorized where no such token would be taken
   */
  callerWith(claims: Claims): Caller;
}

export interface AuthenticatorOptions {
  /** The exact `iss` of the tokens. */
  issuer: string;
  /** Must be among the tokens' `aud`. */
  audience: string;
  /** Where the issuer's keys are; found by OpenID Connect Discovery when left out. */
  jwksUrl?: string | undefined;
  /**
   * Whether the subjects are service accounts of this cluster, known to RBAC by the same name.
   * Only then may a `sub` begin with `system:`.
   */
  serviceAccounts?: boolean;
  /** Deadline of each call to the issuer. */
  timeoutMs?: number;
  /** Clock skew allowed at `exp` and `nbf`. */
  clockToleranceSeconds?: number;
  /** Seconds-precise clock, for tests. */
  now?: () => Date;
}

/** A user's name in storage: 32 hexadecimal digits, the same wherever the token was issued from. */
export function userId(issuer: string, subject: string): string {
  return createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 32);
}

/** Checks OIDC bearer tokens (RFC 7519, RFC 8725: issuer, audience and algorithms are pinned). */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator & Callers {
  const { issuer, audience, serviceAccounts = issuer === clusterIssuer } = options;
  const keys = issuerKeys(options);
  return {
    async authenticate(authorization) {
      const token = /^Bearer +([\w.~+/-]+=*)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw new Unauthorized('a bearer token is needed');
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: options.clockToleranceSeconds ?? 10,
        currentDate: options.now?.() ?? new Date(),
      }).catch((error: unknown) => {
        throw refusal(error);
      });
      return caller(issuer, payload, serviceAccounts);
    },
    callerWith: (claims) => caller(issuer, { ...claims }, serviceAccounts),
  };
}

/** The issuer's keys: fetched when first needed, again for an unknown key at most every 30 s. */
function issuerKeys({ issuer, jwksUrl, timeoutMs = 5000 }: AuthenticatorOptions): JWTVerifyGetKey {
  let discovery: Promise<JWTVerifyGetKey> | undefined;
  const discover = async () => {
    const url = new URL(jwksUrl ?? (await discoverKeys(issuer, timeoutMs)));
    return createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cooldownDuration: 30_000,
      cacheMaxAge: keysMaxAgeMs,
    });
  };
  return async (header, token) => {
    try {
      discovery ??= discover();
      return await (
        await discovery
      )(header, token);
    } catch (cause) {
      // It is the token that names no one key: the keys themselves are good.
      if (cause instanceof errors.JWKSNoMatchingKey) throw cause;
      if (cause instanceof errors.JWKSMultipleMatchingKeys) throw cause;
      discovery = undefined;
      throw new Unavailable("the token issuer's keys cannot be had", { cause });
    }
  };
}

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** The address of the issuer's keys by OpenID Connect Discovery 1.0, section 4. */
async function discoverKeys(issuer: string, timeoutMs: number): Promise<string> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`discovery answered ${response.status}`);
  const found = metadata.parse(await response.json());
  if (found.issuer !== issuer) throw new Error('the discovery document is of another issuer');
  if (issuer.startsWith('https:') && !found.jwks_uri.startsWith('https:')) {
    throw new Error('the discovery document names keys without TLS');
  }
  return found.jwks_uri;
}

function refusal(error: unknown): Error {
  if (error instanceof Unavailable) return error;
  if (error instanceof errors.JWTExpired) return new Unauthorized('the token has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new Unauthorized(`the token's "${error.claim}" is not as required`);
  }
  return new Unauthorized('the token is not valid', { cause: error });
}

function caller(issuer: string, claims: JWTPayload, serviceAccounts: boolean): Caller {
  const subject = claims.sub ?? '';
  if (subject === '' || subject.length > 255) {
    throw new Unauthorized('the token\'s "sub" is not as required');
  }
  return {
    id: userId(issuer, subject),
    issuer,
    subject,
    ...(serviceAccounts ? serviceAccount(subject) : foreignUser(issuer, subject, claims['groups'])),
  };
}

/** The name and groups the API server gives a service account. */
function serviceAccount(subject: string): Pick<Caller, 'username' | 'groups'> {
  const namespace = /^system:serviceaccount:([a-z0-9-]+):[a-z0-9.-]+$/.exec(subject)?.[1];
  if (namespace === undefined) throw new Unauthorized('the token is not of a service account');
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { username: subject, groups: [...groups, 'system:authenticated'] };
}

/** As kube-apiserver does by default, the issuer goes before the name, so none can pose as `system:`. */
function foreignUser(issuer: string, subject: string, claimed: unknown) {
  const groups = z.array(z.string()).catch([]).parse(claimed);
  return {
    username: `${issuer}#${subject}`,
    groups: [...groups.filter((name) => !name.startsWith('system:')), 'system:authenticated'],
  };
}
