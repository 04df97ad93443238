/** The certificates of the storage tiers, and the Secrets they are in. */
import type { Kubernetes, KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import {
  etcdUsers,
  hostOf,
  memberHosts,
  storageNamespace,
  tierNames,
  tiers,
} from '../../functions/lib/tiers.ts';
import { issue, makeAuthority, staleness, type Leaf, type Pair } from '../lib/x509.ts';

export interface Secret extends KubernetesObject {
  type?: string;
  data?: Record<string, string>;
  stringData?: Record<string, string>;
}

/** The authority's own key. Nothing in the cluster mounts it. */
const authoritySecret = 'selvedge-ca-key';
const authorityConfigMap = 'selvedge-ca';

/** A certificate and where it lies. */
export interface Certificate {
  namespace: string;
  /** The name of its Secret. */
  name: string;
  leaf: Leaf;
}

/** Every certificate: of the tiers' servers, and of those who may speak to etcd. */
export function certificates(functionsNamespace: string): Certificate[] {
  const servers = tierNames.map((tier) => {
    const { internal, service } = tiers[tier];
    // etcd looks up the names of a peer's certificate until one is the peer's address: no wildcards.
    const names = new Set([...memberHosts(tier), hostOf(internal), hostOf(service)]);
    const hosts = [...names].flatMap((host) => [host, `${host}.cluster.local`]);
    const leaf = { name: tier, hosts: [...hosts, 'localhost'] };
    return { namespace: storageNamespace, name: `${tier}-tls`, leaf };
  });
  // etcd takes a client's common name as its user name.
  const clients = etcdUsers.map((name) => client(functionsNamespace, name));
  return [...servers, ...clients, client(storageNamespace, 'root')];
}

function client(namespace: string, user: string): Certificate {
  return { namespace, name: `etcd-client-${user}`, leaf: { name: user, hosts: [] } };
}

/**
 * Makes what is missing and renews what is stale; the rest stays as it is.
 *
 * @returns the Secrets that were there and have a new certificate now
 */
export async function provideCertificates(
  kubernetes: Kubernetes,
  functionsNamespace: string,
): Promise<string[]> {
  const authority = await provideAuthority(kubernetes);
  for (const namespace of [storageNamespace, functionsNamespace])
    await publishAuthority(kubernetes, namespace, authority);
  const provided = certificates(functionsNamespace).map(async ({ namespace, name, leaf }) => {
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

async function provideAuthority(kubernetes: Kubernetes): Promise<Pair> {
  const namespace = storageNamespace;
  const existing = await kubernetes.get<Secret>(secretRef(namespace, authoritySecret));
  if (existing)
    return {
      certificate: decode(existing.data?.['tls.crt']),
      key: decode(existing.data?.['tls.key']),
    };
  const pair = await makeAuthority('Selvedge storage tiers');
  const stringData = pemFiles(pair);
  // Created, not applied: of two installations at once, one must lose.
  await kubernetes.create(
    secret(namespace, authoritySecret, { type: 'kubernetes.io/tls', stringData }),
  );
  return pair;
}

async function publishAuthority(
  kubernetes: Kubernetes,
  namespace: string,
  { certificate }: Pair,
): Promise<void> {
  await kubernetes.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: authorityConfigMap, namespace },
    data: { 'ca.crt': certificate },
  } as KubernetesObject);
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
