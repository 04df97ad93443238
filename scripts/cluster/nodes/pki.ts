import 'reflect-metadata';

import { webcrypto, randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as x509 from '@peculiar/x509';
import { stringify } from 'yaml';

import {
  apiServer,
  bridge,
  clusterDomain,
  kubeconfig,
  kubernetesServiceAddress,
  nodes,
  state,
} from '../settings.ts';

x509.cryptoProvider.set(webcrypto);

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
} as const;
const year = 365 * 24 * 3600_000;

export const pki = join(state, 'pki');

/** Who a certificate is for: Kubernetes takes the common name as the user, organizations as groups. */
export interface Subject {
  name: string;
  group?: string;
  /** Host names and addresses it answers to, as a server. */
  hosts?: string[];
}

interface Authority {
  certificate: x509.X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

/**
 * Makes the certificate authority of the cluster, the certificates and keys of its parts, and a kubeconfig for
 * each client, all under `.selvedge` and readable by their owner alone. Does nothing where they are there.
 */
export async function makePki(): Promise<void> {
  if (await stat(join(pki, 'complete')).catch(() => undefined)) return;
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const authority = await makeAuthority('selvedge');
  await save('ca.crt', authority.certificate.toString('pem'));
  await makeServiceAccountKeys();
  for (const [file, subject] of Object.entries(subjects())) await issue(authority, file, subject);
  const ca = authority.certificate.toString('pem');
  await writeKubeconfig(kubeconfig, 'admin', ca);
  for (const client of [
    'controller-manager',
    'scheduler',
    'kube-proxy',
    'kube-router',
    ...nodes.map(({ name }) => name),
  ])
    await writeKubeconfig(join(pki, `${client}.kubeconfig`), client, ca);
  await save('complete', '');
}

/** The certificates of the cluster, by the name of their files: <name>.crt and <name>.key. */
export function subjects(): Record<string, Subject> {
  const service = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  const hosts = [
    ...service,
    `kubernetes.default.svc.${clusterDomain}`,
    kubernetesServiceAddress,
    bridge.address,
    '127.0.0.1',
    'localhost',
  ];
  return {
    apiserver: { name: 'kube-apiserver', hosts },
    'apiserver-kubelet': { name: 'kube-apiserver-kubelet', group: 'system:masters' },
    admin: { name: 'selvedge-admin', group: 'system:masters' },
    'controller-manager': { name: 'system:kube-controller-manager' },
    scheduler: { name: 'system:kube-scheduler' },
    'kube-proxy': { name: 'system:kube-proxy' },
    'kube-router': { name: 'system:kube-router' },
    ...Object.fromEntries(
      nodes.map(({ name, address }) => [
        name,
        { name: `system:node:${name}`, group: 'system:nodes', hosts: [name, address, '127.0.0.1'] },
      ]),
    ),
  };
}

async function makeAuthority(name: string): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${name}`,
    ...validity(10),
    keys: keys,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign |
          x509.KeyUsageFlags.cRLSign |
          x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function issue(authority: Authority, file: string, subject: Subject): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
  const { hosts = [], group } = subject;
  const organization = group === undefined ? [] : [{ O: [group] }];
  const names = hosts.map((value): x509.JsonGeneralName => ({
    type: isAddress(value) ? 'ip' : 'dns',
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name([...organization, { CN: [subject.name] }]).toString(),
    issuer: authority.certificate.subject,
    ...validity(1),
    publicKey: keys.publicKey,
    signingKey: authority.keys.privateKey,
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.clientAuth,
        ...(names.length > 0 ? [x509.ExtendedKeyUsage.serverAuth] : []),
      ]),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(authority.certificate),
    ],
  });
  await save(`${file}.crt`, certificate.toString('pem'));
  await save(`${file}.key`, await privatePem(keys.privateKey));
}

/** RSA, as every consumer of service-account tokens takes RS256. */
async function makeServiceAccountKeys(): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(rsa, true, ['sign', 'verify']);
  const publicKey = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  await save('service-account.key', await privatePem(keys.privateKey));
  await save('service-account.pub', x509.PemConverter.encode(publicKey, 'PUBLIC KEY'));
}

async function writeKubeconfig(path: string, client: string, ca: string): Promise<void> {
  const base64 = async (file: string): Promise<string> =>
    (await readFile(join(pki, file))).toString('base64');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'selvedge',
        cluster: {
          server: apiServer,
          'certificate-authority-data': Buffer.from(ca).toString('base64'),
        },
      },
    ],
    users: [
      {
        name: client,
        user: {
          'client-certificate-data': await base64(`${client}.crt`),
          'client-key-data': await base64(`${client}.key`),
        },
      },
    ],
    contexts: [{ name: 'selvedge', context: { cluster: 'selvedge', user: client } }],
    'current-context': 'selvedge',
  };
  await writeFile(path, stringify(config), { mode: 0o600 });
}

async function save(file: string, content: string): Promise<void> {
  await writeFile(join(pki, file), content, { mode: 0o600 });
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/** Backdated, as clocks of machines differ. */
function validity(years: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(Date.now() - 3600_000),
    notAfter: new Date(Date.now() + years * year),
  };
}

/** Positive, as RFC 5280 wants it. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8(bytes.readUInt8(0) & 0x7f, 0);
  return bytes.toString('hex');
}

const isAddress = (host: string): boolean => /^[\d.]+$/.test(host);
