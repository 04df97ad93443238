/** Which certificates Kubernetes needs, and the kubeconfigs of its clients. */
import { generateKeyPair } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { issue, makeAuthority, type Leaf, type Pair } from '../../lib/x509.ts';
import {
  apiServer,
  bridge,
  clusterDomain,
  kubeconfig,
  kubernetesServiceAddress,
  nodes,
  state,
} from '../settings.ts';

export const pki = join(state, 'pki');

/**
 * Makes the certificate authority of the cluster, the certificates and keys of its parts, and a kubeconfig for
 * each client, all under `.selvedge` and readable by their owner alone. Does nothing where they are there.
 */
export async function makePki(): Promise<void> {
  if (await stat(join(pki, 'complete')).catch(() => undefined)) return;
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const authority = await makeAuthority('selvedge');
  const ca = authority.certificate;
  await save('ca.crt', ca);
  await makeServiceAccountKeys();
  for (const [name, subject] of Object.entries(subjects()))
    await savePair(name, await issue(authority, subject));
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
export function subjects(): Record<string, Leaf> {
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
    'apiserver-kubelet': { name: 'kube-apiserver-kubelet', group: 'system:masters', hosts: [] },
    admin: { name: 'selvedge-admin', group: 'system:masters', hosts: [] },
    'controller-manager': { name: 'system:kube-controller-manager', hosts: [] },
    scheduler: { name: 'system:kube-scheduler', hosts: [] },
    'kube-proxy': { name: 'system:kube-proxy', hosts: [] },
    'kube-router': { name: 'system:kube-router', hosts: [] },
    ...Object.fromEntries(
      nodes.map(({ name, address }) => [
        name,
        { name: `system:node:${name}`, group: 'system:nodes', hosts: [name, address, '127.0.0.1'] },
      ]),
    ),
  };
}

/** RSA, as every consumer of service-account tokens takes RS256. */
async function makeServiceAccountKeys(): Promise<void> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await save('service-account.key', privateKey);
  await save('service-account.pub', publicKey);
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

async function savePair(name: string, { certificate, key }: Pair): Promise<void> {
  await save(`${name}.crt`, certificate);
  await save(`${name}.key`, key);
}
