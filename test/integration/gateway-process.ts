/** The gateway as its image runs it, before a real API server with our own CRD and RBAC. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { clusterIssuer } from '../../functions/lib/function/authentication.ts';
import { bundle } from '../../scripts/cluster/images/bundle.ts';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';
import { freePorts } from './servers.ts';

export interface GatewayProcess {
  url: string;
  child: ChildProcess;
  stop: () => Promise<void>;
}

const grants = `
apiVersion: v1
kind: Namespace
metadata: {name: selvedge}
---
apiVersion: v1
kind: Namespace
metadata: {name: selvedge-users}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: alice, namespace: selvedge-users}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: bob, namespace: selvedge-users}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: issuer-discovery}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: system:service-account-issuer-discovery
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: system:unauthenticated}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: owner, namespace: selvedge}
rules:
  - {apiGroups: [selvedge.dev], resources: [fabricnetworks], verbs: [get, list, watch, create, update, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: owner, namespace: selvedge}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: owner}
subjects: [{kind: ServiceAccount, name: alice, namespace: selvedge-users}]
`;

/** An API server that knows networks and the gateway, and `alice`, who owns all networks. */
export async function startNetworksApi(): Promise<KubernetesApi> {
  const api = await startKubernetesApi();
  await api.kubectl(['apply', '-f', '-'], grants);
  await api.kubectl(['apply', '-f', '-'], await manifest('knative/base/gateway/rbac.yaml'));
  await api.kubectl(['apply', '-f', '-'], await manifest('knative/base/crd/fabricnetwork.yaml'));
  const crd = 'crd/fabricnetworks.selvedge.dev';
  await api.kubectl(['wait', '--for=condition=Established', '--timeout=30s', crd]);
  return api;
}

/** @param env where the functions are, and what else is not as by default */
export async function startGateway(
  api: KubernetesApi,
  env: Record<string, string>,
): Promise<GatewayProcess> {
  const folder = join(api.folder, 'gateway');
  await bundle('gateway', folder);
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [join(folder, 'main.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PORT: String(port),
      NAMESPACE: 'selvedge',
      OIDC_ISSUER: clusterIssuer,
      OIDC_JWKS_URL: `${api.url}/openid/v1/jwks`,
      NODE_EXTRA_CA_CERTS: api.caFile,
      KUBECONFIG: await api.kubeconfig(await api.token('selvedge', 'gateway')),
      ...env,
    },
  });
  const up = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await up())) if (child.exitCode !== null) throw new Error('the gateway ended');
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return { url, child, stop };
}
