/** The certificates of the storage tiers, and the Secrets they are in. */
import type { Kubernetes, KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { issue, makeAuthority, staleness, type Leaf, type Pair } from '../lib/x509.ts';

export interface Secret extends KubernetesObject {
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

/** The authority's own key. Nothing in the cluster mounts it. */
const authoritySecret = 'selvedge-ca-key';
const authorityConfigMap = 'selvedge-ca';

/** Every certificate, by the name of its Secret. */
export function leaves(namespace: string): Record<string, Leaf> {
  const of = (service: string): string[] => [
    `${service}.${namespace}.svc`,
    `${service}.${namespace}.svc.cluster.local`,
  ];
  const members = (tier: string, service: string, count: number): string[] =>
    Array.from({ length: count }, (_, n) => of(`${tier}-${n}.${service}`)).flat();
  // etcd looks up the names of a peer's certificate until one is the peer's address: no wildcards.
  return {
    'etcd-tls': {
      name: 'etcd',
      hosts: [...members('etcd', 'etcd', 3), ...of('etcd'), ...of('etcd-client'), 'localhost'],
    },
    'minio-tls': {
      name: 'minio',
      hosts: [...members('minio', 'minio-internal', 4), ...of('minio'), 'localhost'],
    },
    'vault-tls': {
      name: 'vault',
      hosts: [...members('vault', 'vault-internal', 3), ...of('vault'), 'localhost'],
    },
    'etcd-client-data-put': { name: 'data-put', hosts: [] },
    'etcd-client-data-get': { name: 'data-get', hosts: [] },
  };
}

/**
 * Makes what is missing and renews what is stale; the rest stays as it is.
 *
 * @returns the Secrets that were there and have a new certificate now
 */
export async function provideCertificates(
  kubernetes: Kubernetes,
  namespace: string,
): Promise<string[]> {
  const authority = await provideAuthority(kubernetes, namespace);
  const provided = Object.entries(leaves(namespace)).map(async ([name, leaf]) => {
    const existing = await kubernetes.get<Secret>(secretRef(namespace, name));
    const certificate = decode(existing?.data?.['tls.crt']);
    const reason = await staleness(certificate, { authority: authority.certificate, leaf });
    if (reason === undefined) return [];
    const pair = await issue(authority, leaf);
    const stringData = { ...pemFiles(pair), 'ca.crt': authority.certificate };
    await kubernetes.apply(secret(namespace, name, { type: 'kubernetes.io/tls', stringData }));
    return existing ? [name] : [];
  });
  return (await Promise.all(provided)).flat();
}

async function provideAuthority(kubernetes: Kubernetes, namespace: string): Promise<Pair> {
  const existing = await kubernetes.get<Secret>(secretRef(namespace, authoritySecret));
  const known = {
    certificate: decode(existing?.data?.['tls.crt']),
    key: decode(existing?.data?.['tls.key']),
  };
  const pair = existing ? known : await makeAuthority('Selvedge storage tiers');
  if (!existing) {
    const stringData = pemFiles(pair);
    // Created, not applied: of two installations at once, one must lose.
    await kubernetes.create(
      secret(namespace, authoritySecret, { type: 'kubernetes.io/tls', stringData }),
    );
  }
  await kubernetes.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: authorityConfigMap, namespace },
    data: { 'ca.crt': pair.certificate },
  } as KubernetesObject);
  return pair;
}

export function secretRef(namespace: string, name: string) {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name };
}

export function secret(
  namespace: string,
  name: string,
  content: Pick<Secret, 'type' | 'stringData'>,
): Secret {
  const labels = { 'app.kubernetes.io/part-of': 'selvedge' };
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, labels }, ...content };
}

function pemFiles({ certificate, key }: Pair): Record<string, string> {
  return { 'tls.crt': certificate, 'tls.key': key };
}

function decode(value = ''): string {
  return Buffer.from(value, 'base64').toString();
}
