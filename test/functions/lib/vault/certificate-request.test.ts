// The certificate library injects by decorators, which need this first.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import test from 'ava';
import { readRequest } from '../../../../functions/lib/vault/certificate-request.ts';
import { makeAuthority, makeRequest } from '../../../../scripts/lib/x509.ts';

type Algorithm = Parameters<typeof webcrypto.subtle.generateKey>[0] & { hash?: string };

/** A request of a key by `algorithm`, under `name`. */
async function requestOf(algorithm: Algorithm, name?: string): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const signingAlgorithm = { hash: 'SHA-256', ...(algorithm as object) } as never;
  const options = { keys, signingAlgorithm, ...(name !== undefined && { name }) };
  return (await Pkcs10CertificateRequestGenerator.create(options, webcrypto)).toString('pem');
}

const curve = (namedCurve: string): Algorithm => ({ name: 'ECDSA', namedCurve }) as Algorithm;
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as Algorithm;

for (const namedCurve of ['P-256', 'P-384']) {
  test(`a request of a key of ${namedCurve} is read, with the names it gives`, async (t) => {
    const named = await readRequest(await requestOf(curve(namedCurve), 'CN=alice, OU=admin'));
    t.deepEqual(named.commonNames, ['alice']);
    t.regex(named.pem, /^-----BEGIN CERTIFICATE REQUEST-----/);
  });
}

test('a request may give no name', async (t) => {
  const { request } = await makeRequest();
  t.deepEqual((await readRequest(request)).commonNames, []);
});

test('of a text with two requests only the one that was judged goes on', async (t) => {
  const [first, second] = [await makeRequest(), await makeRequest()];
  const { pem } = await readRequest(`${first.request}\n${second.request}`);
  t.is(pem, first.request);
});

/** Another signature over the same. */
async function withOtherSignature(): Promise<string> {
  const { request } = await makeRequest();
  const bytes = Buffer.from(new Pkcs10CertificateRequest(request).rawData);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return new Pkcs10CertificateRequest(bytes).toString('pem');
}

/** What can be read as so many headers in so many ways that the library would never come to its end. */
const headers = `-----BEGIN A-----\na: b\n${' a: b\n'.repeat(40)}!\nAA\n-----END A-----\n`;

const armoured = (bytes: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;

const bad: Record<string, [text: () => Promise<string>, says: RegExp]> = {
  nothing: [() => Promise.resolve(''), /PKCS #10/],
  'no PEM': [() => Promise.resolve('let me in'), /PKCS #10/],
  'a certificate': [async () => (await makeAuthority('x')).certificate, /PKCS #10/],
  'half a request': [async () => (await makeRequest()).request.slice(0, 120), /PKCS #10/],
  'brackets that never close': [
    () => Promise.resolve(armoured(Buffer.from('3080'.repeat(6000), 'hex'))),
    /PKCS #10/,
  ],
  'armour with endless headers': [() => Promise.resolve(headers), /PKCS #10/],
  'the same within armour': [() => Promise.resolve(armoured(Buffer.from(headers))), /PKCS #10/],
  'a key of P-521': [() => requestOf(curve('P-521')), /P-256 or P-384/],
  'a key of RSA': [() => requestOf(rsa), /P-256 or P-384/],
  'a key of Ed25519': [() => requestOf({ name: 'Ed25519' }), /P-256 or P-384/],
  'a key that the sender does not have': [withOtherSignature, /not signed by the key/],
};
for (const [what, [text, says]] of Object.entries(bad)) {
  test(`${what} is refused`, async (t) => {
    const error = await t.throwsAsync(readRequest(await text()), { name: 'Unprocessable' });
    t.regex(error.message, says);
  });
}
