/** Authorities and the certificates they issue (X.509, RFC 5280), for Kubernetes and for the storage tiers. */
// The certificate library injects by decorators, which need this first.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const day = 24 * 3600_000;

/** A certificate and its private key, both PEM; the key is PKCS #8. */
export interface Pair {
  certificate: string;
  key: string;
}

/** Who a certificate is for. */
export interface Leaf {
  /** The common name: etcd and Kubernetes take a client's as its user name. */
  name: string;
  /** The organization: Kubernetes takes it as the user's group. */
  group?: string;
  /** The organizational units: Fabric takes one as what a member is, and then wants no extended usage. */
  units?: string[];
  /** DNS names and addresses it serves under; none for a client. */
  hosts: string[];
}

/** An authority that signs leaves, and no further authorities. */
export async function makeAuthority(name: string, now = new Date()): Promise<Pair> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity(now, 3650),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await toPem(keys.privateKey) };
}

/** Servers are clients of each other as well, so the certificate of a server is for both uses. */
export async function issue(
  authority: Pair,
  { name, group, units = [], hosts }: Leaf,
  now = new Date(),
): Promise<Pair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const organization = group === undefined ? [] : [{ O: [group] }];
  const member = units.length === 0 ? [] : [{ OU: units }];
  const names = hosts.map((value): x509.JsonGeneralName => ({
    type: /^[\d.]+$/.test(value) ? 'ip' : 'dns',
    value,
  }));
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const uses = names.length ? [serverAuth, clientAuth] : [clientAuth];
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name([...organization, ...member, { CN: [name] }]).toString(),
    issuer: issuer.subject,
    ...validity(now, 365),
    publicKey: keys.publicKey,
    signingKey: await fromPem(authority.key),
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      ...(member.length ? [] : [new x509.ExtendedKeyUsageExtension(uses)]),
      ...(names.length ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await toPem(keys.privateKey) };
}

/** A key, made here, and the request (PKCS #10) for a certificate of it, PEM both; the key is PKCS #8. */
export interface Request {
  request: string;
  key: string;
}

/** A request that leaves it to the authority whom the certificate is for. */
export async function makeRequest(): Promise<Request> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ecdsa,
  });
  return { request: request.toString('pem'), key: await toPem(keys.privateKey) };
}

/** Why a certificate must be replaced, or undefined while it is good. */
export async function staleness(
  certificate: string,
  { authority, leaf, now = new Date() }: { authority: string; leaf: Leaf; now?: Date },
): Promise<string | undefined> {
  let parsed: x509.X509Certificate;
  try {
    parsed = new x509.X509Certificate(certificate);
  } catch {
    return 'it cannot be read';
  }
  const { publicKey } = new x509.X509Certificate(authority);
  if (!(await parsed.verify({ publicKey, signatureOnly: true })))
    return 'another authority made it';
  const missing = leaf.hosts.filter((host) => !hostsOf(parsed).includes(host));
  if (missing.length > 0) return `it lacks ${missing.join(', ')}`;
  return nearEnd(parsed, now) ? 'less than a third of its time is left' : undefined;
}

/** Whether less than a third of a certificate's time is left. */
function nearEnd({ notBefore, notAfter }: x509.X509Certificate, now: Date): boolean {
  const left = notAfter.getTime() - now.getTime();
  return left < (notAfter.getTime() - notBefore.getTime()) / 3;
}

function hostsOf(certificate: x509.X509Certificate): string[] {
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  return names.map(({ value }) => value);
}

/** Backdated, as clocks of machines differ. */
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(now.getTime() - 3600_000),
    notAfter: new Date(now.getTime() + days * day),
  };
}

/** Positive and without a leading zero octet, as RFC 5280 section 4.1.2.2 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function fromPem(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), ecdsa, false, [
    'sign',
  ]);
}
