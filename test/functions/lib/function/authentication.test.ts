import { createHash } from 'node:crypto';
import test from 'ava';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import {
  clusterIssuer,
  createAuthenticator,
  userId,
} from '../../../../functions/lib/function/authentication.ts';
import { Unauthorized, Unavailable } from '../../../../functions/lib/errors.ts';
import { alice, audience, startIssuer, type Claims, type Issuer } from '../../../fakes/issuer.ts';

let issuer: Issuer;

test.before(async () => {
  issuer = await startIssuer();
});
test.after.always(() => issuer.close());

const authenticator = (serviceAccounts = true) =>
  createAuthenticator({ issuer: issuer.url, audience, serviceAccounts });

const seconds = (fromNow: number): number => Math.floor(Date.now() / 1000) + fromNow;

for (const alg of ['RS256', 'ES256']) {
  test(`a service account's ${alg} token says who calls and in which groups`, async (t) => {
    const token = await issuer.token({}, { alg });
    t.deepEqual(await authenticator().authenticate(`Bearer ${token}`), {
      id: createHash('sha256').update(`${issuer.url}\n${alice}`).digest('hex').slice(0, 32),
      issuer: issuer.url,
      subject: alice,
      username: alice,
      groups: [
        'system:serviceaccounts',
        'system:serviceaccounts:selvedge-users',
        'system:authenticated',
      ],
    });
  });
}

const refused: Record<string, [Claims, RegExp]> = {
  'of another issuer': [{ iss: 'https://other.example' }, /"iss"/],
  'of an issuer that only begins the same': [{ iss: 'http://127.0.0.1' }, /"iss"/],
  'for another audience': [{ aud: 'vault' }, /"aud"/],
  'for other audiences': [{ aud: ['vault', 'selvedge2'] }, /"aud"/],
  'without an audience': [{ aud: undefined }, /"aud"/],
  'that has expired': [{ exp: seconds(-60) }, /expired/],
  'that never expires': [{ exp: undefined }, /"exp"/],
  'not valid yet': [{ nbf: seconds(120) }, /"nbf"/],
  'without a subject': [{ sub: undefined }, /"sub"/],
  'with an empty subject': [{ sub: '' }, /"sub"/],
  'with a subject of 256 characters': [{ sub: 'a'.repeat(256) }, /"sub"/],
  'of no service account': [{ sub: 'system:admin' }, /service account/],
  'of a service account with a line break': [{ sub: `${alice}\n` }, /service account/],
};
for (const [kind, [claims, reason]] of Object.entries(refused)) {
  test(`a token ${kind} is refused`, async (t) => {
    const token = await issuer.token(claims);
    const error = await t.throwsAsync(authenticator().authenticate(`Bearer ${token}`), {
      instanceOf: Unauthorized,
    });
    t.regex(error.message, reason);
  });
}

test('a token for several audiences, ours among them, is taken', async (t) => {
  const token = await issuer.token({ aud: ['vault', audience] });
  t.is((await authenticator().authenticate(`Bearer ${token}`)).subject, alice);
});

test('a clock that is off by a few seconds is tolerated', async (t) => {
  const token = await issuer.token({ exp: seconds(-4), nbf: seconds(-100) });
  t.is((await authenticator().authenticate(`Bearer ${token}`)).subject, alice);
});

for (const header of [
  undefined,
  '',
  'Bearer',
  'Bearer ',
  'Basic YTpi',
  'Bearer a b',
  'Bearer x.y.z',
]) {
  test(`the header ${JSON.stringify(header)} is refused`, async (t) => {
    await t.throwsAsync(authenticator().authenticate(header), { instanceOf: Unauthorized });
  });
}

test('an unsigned token (alg none) is refused', async (t) => {
  const token = new UnsecuredJWT({ sub: alice })
    .setIssuer(issuer.url)
    .setAudience(audience)
    .setExpirationTime('10m')
    .encode();
  await t.throwsAsync(authenticator().authenticate(`Bearer ${token}`), {
    instanceOf: Unauthorized,
  });
});

test('a token signed symmetrically with the public key is refused', async (t) => {
  const { publicKey } = await generateKeyPair('RS256');
  const secret = new TextEncoder().encode(JSON.stringify(await exportJWK(publicKey)));
  const token = await new SignJWT({ sub: alice, iss: issuer.url, aud: audience, exp: seconds(60) })
    .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
    .sign(secret);
  await t.throwsAsync(authenticator().authenticate(`Bearer ${token}`), {
    instanceOf: Unauthorized,
  });
});

test("a token signed with another's key under a known key id is refused", async (t) => {
  const { privateKey } = await generateKeyPair('RS256');
  const token = await issuer.token({}, { key: privateKey });
  await t.throwsAsync(authenticator().authenticate(`Bearer ${token}`), {
    instanceOf: Unauthorized,
  });
});

test('a token whose payload was changed is refused', async (t) => {
  const [header, payload, signature] = (await issuer.token()).split('.');
  const claims = JSON.parse(Buffer.from(payload!, 'base64url').toString()) as JWTPayload;
  const other = Buffer.from(JSON.stringify({ ...claims, sub: `${alice}2` })).toString('base64url');
  await t.throwsAsync(authenticator().authenticate(`Bearer ${header}.${other}.${signature}`), {
    instanceOf: Unauthorized,
  });
});

test('unknown key ids do not make us fetch the keys again and again', async (t) => {
  const own = await startIssuer();
  t.teardown(() => own.close());
  const { privateKey } = await generateKeyPair('RS256');
  const checks = createAuthenticator({
    issuer: own.url,
    audience,
    serviceAccounts: true,
  });
  for (let n = 0; n < 5; n++) {
    const token = await own.token({}, { kid: `k${n}`, key: privateKey });
    await t.throwsAsync(checks.authenticate(`Bearer ${token}`), { instanceOf: Unauthorized });
  }
  t.is(own.fetches(), 1);
});

test('while the keys cannot be had nobody gets in', async (t) => {
  const own = await startIssuer();
  t.teardown(() => own.close());
  const token = await own.token();
  const checks = createAuthenticator({
    issuer: own.url,
    audience,
    serviceAccounts: true,
    jwksUrl: 'http://127.0.0.1:1/keys',
  });
  await t.throwsAsync(checks.authenticate(`Bearer ${token}`), { instanceOf: Unavailable });

  const failing = createAuthenticator({ issuer: own.url, audience });
  own.fail();
  await t.throwsAsync(failing.authenticate(`Bearer ${token}`), { instanceOf: Unavailable });
});

test('a silent issuer is given up after the deadline', async (t) => {
  const { createServer } = await import('node:net');
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const checks = createAuthenticator({
    issuer: issuer.url,
    audience,
    jwksUrl: `http://127.0.0.1:${port}/`,
    timeoutMs: 100,
  });
  const token = await issuer.token();
  await t.throwsAsync(checks.authenticate(`Bearer ${token}`), { instanceOf: Unavailable });
});

test('a discovery document of another issuer is not believed', async (t) => {
  const own = await startIssuer({ issuer: 'https://other.example' });
  t.teardown(() => own.close());
  const checks = createAuthenticator({ issuer: own.url, audience });
  await t.throwsAsync(checks.authenticate(`Bearer ${await own.token()}`), {
    instanceOf: Unavailable,
  });
});

test("another issuer's users cannot pose as Kubernetes users or system groups", async (t) => {
  const token = await issuer.token({ groups: ['ops', 'system:masters', 7] });
  const plain = await authenticator(false).authenticate(`Bearer ${token}`);
  t.is(plain.username, `${issuer.url}#${alice}`);
  t.deepEqual(plain.groups, ['system:authenticated']);
  const grouped = await issuer.token({ sub: 'bob', groups: ['ops', 'system:masters'] });
  const bob = await authenticator(false).authenticate(`Bearer ${grouped}`);
  t.deepEqual(bob.groups, ['ops', 'system:authenticated']);
});

test('a user is named by issuer and subject together', (t) => {
  t.not(userId('https://a', 'bob'), userId('https://b', 'bob'));
  t.regex(userId(clusterIssuer, alice), /^[0-9a-f]{32}$/);
});

test('a token that could be of several keys is refused, and the keys are kept', async (t) => {
  const own = await startIssuer({}, 2);
  t.teardown(() => own.close());
  const checks = createAuthenticator({
    issuer: own.url,
    audience,
    serviceAccounts: true,
  });
  await checks.authenticate(`Bearer ${await own.token()}`);
  const header = Buffer.from('{"alg":"RS256"}').toString('base64url');
  const [, payload, signature] = (await own.token()).split('.');
  await t.throwsAsync(checks.authenticate(`Bearer ${header}.${payload}.${signature}`), {
    instanceOf: Unauthorized,
  });
  await checks.authenticate(`Bearer ${await own.token()}`);
  t.is(own.fetches(), 1);
});

test('whom a token would stand for is who it stands for when it comes', async (t) => {
  for (const serviceAccounts of [true, false]) {
    const checks = authenticator(serviceAccounts);
    const claims = { sub: alice, groups: ['staff', 'system:masters'] };
    const caller = await checks.authenticate(`Bearer ${await issuer.token(claims)}`);
    t.deepEqual(checks.callerWith(claims), caller);
  }
  t.throws(() => authenticator().callerWith({ sub: 'alice' }), { instanceOf: Unauthorized });
});
