import { createHash } from 'node:crypto';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';

export const setupLabels = {
  'app.kubernetes.io/name': 'setup',
  'app.kubernetes.io/part-of': 'selvedge',
};

/**
 * The Job that makes the storage tiers usable. Its name follows from its content, so that the
 * same setup runs once and another one again.
 */
export function setupJob(namespace: string, image: string): KubernetesObject {
  const spec = jobSpec(namespace, image);
  const hash = createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 10);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `setup-${hash}`, namespace, labels: setupLabels },
    ...{ spec },
  };
}

function jobSpec(namespace: string, image: string): object {
  const members = [0, 1, 2].map((n) => `https://vault-${n}.vault-internal.${namespace}.svc:8200`);
  const env = {
    NAMESPACE: namespace,
    CA_FILE: '/etc/selvedge/ca/ca.crt',
    VAULT_MEMBERS: members.join(','),
    JWKS_URL: 'https://kubernetes.default.svc.cluster.local/openid/v1/jwks',
    MINIO_ENDPOINT: `https://minio.${namespace}.svc:9000`,
    MINIO_BUCKET: 'selvedge',
    MINIO_CREDENTIALS_DIR: '/etc/selvedge/minio',
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
        ],
      },
    },
  };
}
