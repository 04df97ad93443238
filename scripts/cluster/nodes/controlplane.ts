import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { kubectl } from './kubectl.ts';
import { pki } from './pki.ts';
import { Hopeless, until } from '../../../functions/lib/until.ts';
import { isRunning, logOf, start, stop } from '../machine/processes.ts';
import { bridge, issuer, podCidr, runtime, serviceCidr, state } from '../settings.ts';

export interface Binaries {
  /** The folder with kube-apiserver and its kin. */
  kubernetes: string;
  /** The folder with etcd. */
  etcd: string;
}

/** etcd listens on socket files only: not one pod, nor any other user of this machine, can reach it. */
const etcdSocket = `unix://${runtime}/etcd.sock`;
const file = (name: string): string => join(pki, name);

/** Starts what of the control plane does not run, on the host, and waits until the API server is ready. */
export async function startControlPlane(binaries: Binaries, signal?: AbortSignal): Promise<void> {
  await mkdir(runtime, { recursive: true, mode: 0o700 });
  const command = (name: string): string => join(binaries.kubernetes, name);
  await start('etcd', [join(binaries.etcd, 'etcd'), ...etcdFlags()]);
  // What depends on the API server may end when that is gone while it starts: both begin anew with it.
  if (!(await isRunning('kube-apiserver')))
    for (const name of ['kube-controller-manager', 'kube-scheduler']) await stop(name);
  await start('kube-apiserver', [command('kube-apiserver'), ...apiServerFlags()]);
  await apiServerReady(signal);
  // After it: a controller manager that may not ask how the API server is for its first 10 s ends.
  await start('kube-controller-manager', [command('kube-controller-manager'), ...managerFlags()]);
  await start('kube-scheduler', [command('kube-scheduler'), ...schedulerFlags()]);
}

async function apiServerReady(signal?: AbortSignal): Promise<void> {
  const ready = { what: 'the API server to be ready', timeoutMs: 90_000, mostMs: 200, signal };
  await until(ready, async () => {
    for (const name of ['etcd', 'kube-apiserver'])
      if (!(await isRunning(name))) throw new Hopeless(`${name} ended; see ${logOf(name)}`);
    return (await kubectl(['get', '--raw', '/readyz'])) === 'ok';
  });
}

/** Lets anybody verify service-account tokens, as OpenID providers do; what is served is public keys. */
export const issuerDiscovery = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'selvedge-issuer-discovery' },
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'ClusterRole',
    name: 'system:service-account-issuer-discovery',
  },
  subjects: [
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:unauthenticated' },
    { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:authenticated' },
  ],
};

/** What it keeps is gone after a stop anyway, so it need not wait for the disk. */
function etcdFlags(): string[] {
  return flags({
    'data-dir': join(state, 'etcd'),
    'listen-client-urls': etcdSocket,
    'listen-peer-urls': `unix://${runtime}/etcd-peer.sock`,
    // A member has to have addresses, though nobody ever uses those of a single one.
    'advertise-client-urls': 'http://localhost:2379',
    'initial-advertise-peer-urls': 'http://localhost:2380',
    'initial-cluster': 'default=http://localhost:2380',
    'unsafe-no-fsync': 'true',
    'log-level': 'warn',
  });
}

function apiServerFlags(): string[] {
  return flags({
    'advertise-address': bridge.address,
    'bind-address': bridge.address,
    'secure-port': '6443',
    'etcd-servers': etcdSocket,
    'service-cluster-ip-range': serviceCidr,
    'authorization-mode': 'Node,RBAC',
    'enable-admission-plugins': 'NodeRestriction',
    // Webhooks are reached by their pods' addresses: the host has no kube-proxy, and needs none.
    'enable-aggregator-routing': 'true',
    // What mounts a volume for a node is privileged; Pod Security says in which namespace that may be.
    'allow-privileged': 'true',
    'client-ca-file': file('ca.crt'),
    'tls-cert-file': file('apiserver.crt'),
    'tls-private-key-file': file('apiserver.key'),
    'kubelet-certificate-authority': file('ca.crt'),
    'kubelet-client-certificate': file('apiserver-kubelet.crt'),
    'kubelet-client-key': file('apiserver-kubelet.key'),
    'kubelet-preferred-address-types': 'InternalIP',
    'service-account-issuer': issuer,
    'service-account-jwks-uri': `${issuer}/openid/v1/jwks`,
    'service-account-key-file': file('service-account.pub'),
    'service-account-signing-key-file': file('service-account.key'),
    // Pods of a lost node move after half a minute, not after five.
    'default-not-ready-toleration-seconds': '30',
    'default-unreachable-toleration-seconds': '30',
    'event-ttl': '1h',
    profiling: 'false',
  });
}

function managerFlags(): string[] {
  return flags({
    kubeconfig: file('controller-manager.kubeconfig'),
    'bind-address': '127.0.0.1',
    'secure-port': '0',
    'cluster-cidr': podCidr,
    'allocate-node-cidrs': 'false',
    'root-ca-file': file('ca.crt'),
    'service-account-private-key-file': file('service-account.key'),
    'use-service-account-credentials': 'true',
    'leader-elect': 'false',
    profiling: 'false',
  });
}

function schedulerFlags(): string[] {
  return flags({
    kubeconfig: file('scheduler.kubeconfig'),
    'bind-address': '127.0.0.1',
    'secure-port': '0',
    'leader-elect': 'false',
    profiling: 'false',
  });
}

function flags(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}
