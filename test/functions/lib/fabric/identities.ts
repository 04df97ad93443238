/** Organizations with CAs and members made on the spot, as Vault's PKI makes the real ones. */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const hour = 3_600_000;

export interface Pair {
  certificate: string;
  privateKey: string;
}

export interface Authority {
  certificate: string;
  issue(leaf: { name: string; unit?: string; hosts?: string[] }): Promise<Pair>;
}

export interface TestOrganization {
  name: string;
  mspId: string;
  msp: Authority;
  tls: Authority;
}

export async function createOrganization(name: string, mspId: string): Promise<TestOrganization> {
  const [msp, tls] = await Promise.all([authority(`${name} msp`), authority(`${name} tls`)]);
  return { name, mspId, msp, tls };
}

async function authority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new x509.Name([{ CN: [name] }]).toString(),
    ...validity(),
    keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: root.toString('pem'),
    issue: async ({ name: subject, unit, hosts = [] }) => {
      const own = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
      const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
      const names = hosts.map((value): x509.JsonGeneralName => ({
        type: /^[\d.]+$/.test(value) ? 'ip' : 'dns',
        value,
      }));
      const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: new x509.Name([{ CN: [subject] }, ...(unit ? [{ OU: [unit] }] : [])]).toString(),
        issuer: root.subject,
        ...validity(),
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ecdsa,
        extensions: [
          new x509.BasicConstraintsExtension(false, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          ...(unit ? [] : [new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth])]),
          ...(names.length ? [new x509.SubjectAlternativeNameExtension(names)] : []),
          await x509.AuthorityKeyIdentifierExtension.create(root),
          await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
        ],
      });
      return { certificate: certificate.toString('pem'), privateKey: await toPem(own.privateKey) };
    },
  };
}

function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) };
}

function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
