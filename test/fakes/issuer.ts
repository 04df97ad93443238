import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';

/** Claims of a token; those that are undefined are left out. */
export type Claims = Record<string, unknown>;

/** A real OIDC issuer on loopback: discovery, keys, and tokens signed with them. */
export interface Issuer {
  url: string;
  /** How often the keys were fetched. */
  fetches: () => number;
  /** A token of `claims` on top of good ones. */
  token(
    claims?: Claims,
    options?: { alg?: string; kid?: string; key?: CryptoKey },
  ): Promise<string>;
  /** From now on the keys cannot be had. */
  fail(): void;
  close(): Promise<void>;
}

export const audience = 'selvedge';
export const alice = 'system:serviceaccount:selvedge-users:alice';

/** @param rsaKeys how many RSA keys it has, as while it changes from one to the next */
export async function startIssuer(discovered?: object, rsaKeys = 1): Promise<Issuer> {
  const rsa = await generateKeyPair('RS256');
  const ec = await generateKeyPair('ES256');
  const keys = [
    { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
    { ...(await exportJWK(ec.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' },
  ];
  for (let n = 1; n < rsaKeys; n++) {
    const { publicKey } = await generateKeyPair('RS256');
    keys.push({ ...(await exportJWK(publicKey)), kid: `rsa-${n}`, alg: 'RS256', use: 'sig' });
  }
  let fetches = 0;
  let failing = false;
  const server = createServer((request, response) => {
    if (failing) return void response.writeHead(500).end();
    const isKeys = request.url === '/keys';
    if (isKeys) fetches++;
    const document = { issuer: url, jwks_uri: `${url}/keys`, ...discovered };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(isKeys ? { keys } : document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    fetches: () => fetches,
    token(claims = {}, { alg = 'RS256', kid = alg === 'ES256' ? 'ec' : 'rsa', key } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: url, aud: audience, sub: alice, iat: now, exp: now + 600, ...claims };
      const known = alg === 'ES256' ? ec.privateKey : rsa.privateKey;
      return new SignJWT(all).setProtectedHeader({ alg, kid }).sign(key ?? known);
    },
    fail() {
      failing = true;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
