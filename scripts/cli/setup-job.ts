import { createHash } from 'node:crypto';
import {
  dataUsers,
  memberAddresses,
  storageNamespace,
  storeSecret,
  tierAddress,
  type DataUser,
} from '../../functions/lib/tiers.ts';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';

export const setupLabels = {
  'app.kubernetes.io/name': 'setup',
  'app.kubernetes.io/part-of': 'selvedge',
};

/**
 * The Job that makes the storage tiers usable. Its name follows from its content, so that the
 * same setup runs once and another one again.
 */
export function setupJob(functionsNamespace: string, image: string): KubernetesObject {
  const spec = jobSpec(functionsNamespace, image);
  const hash = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 10);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `setup-${hash}`, namespace: storageNamespace, labels: setupLabels },
    ...{ spec },
  };
}

function jobSpec(functionsNamespace: string, image: string): object {
  const env = {
    NAMESPACE: storageNamespace,
    FUNCTIONS_NAMESPACE: functionsNamespace,
    CA_FILE: '/etc/selvedge/ca/ca.crt',
    VAULT_MEMBERS: memberAddresses('vault').join(','),
    ETCD_ENDPOINTS: memberAddresses('etcd').join(','),
    ETCD_TLS_DIR: '/etc/selvedge/etcd',
    JWKS_URL: 'https://kubernetes.default.svc.cluster.local/openid/v1/jwks',
    MINIO_ENDPOINTS: tierAddress('minio'),
    MINIO_BUCKET: 'selvedge',
    MINIO_CREDENTIALS_DIR: '/etc/selvedge/minio',
    MINIO_USERS_DIR: '/etc/selvedge/minio-users',
  };
  const container = {
    name: 'setup',
    image,
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    resources: { requests: { cpu: '25m', memory: '96Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'ca', mountPath: '/etc/selvedge/ca', readOnly: true },
      { name: 'minio', mountPath: '/etc/selvedge/minio', readOnly: true },
      { name: 'minio-users', mountPath: '/etc/selvedge/minio-users', readOnly: true },
      { name: 'etcd', mountPath: '/etc/selvedge/etcd', readOnly: true },
    ],
  };
  return {
    backoffLimit: 6,
    activeDeadlineSeconds: 900,
    template: {
      metadata: { labels: setupLabels },
      spec: {
        serviceAccountName: 'setup',
        restartPolicy: 'OnFailure',
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [container],
        volumes: [
          { name: 'ca', configMap: { name: 'selvedge-ca' } },
          { name: 'minio', secret: { secretName: 'minio-credentials' } },
          { name: 'minio-users', projected: { sources: dataUsers.map(secretKeyOf) } },
          { name: 'etcd', secret: { secretName: 'etcd-client-root' } },
        ],
      },
    },
  };
}

/** A function's secret key, as a file of its name. */
function secretKeyOf(user: DataUser): object {
  return { secret: { name: storeSecret(user), items: [{ key: 'secret-key', path: user }] } };
}
