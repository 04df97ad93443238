import type { KubernetesObject } from '../nodes/kubectl.ts';
import { clusterDomain, dnsAddress } from '../settings.ts';

const labels = { 'k8s-app': 'kube-dns' };
const metadata = { name: 'coredns', namespace: 'kube-system', labels };

/** Names of the cluster, and of nothing else: pods have no way out of this machine. */
const corefile = `.:53 {
    errors
    health :8080 {
        lameduck 2s
    }
    ready :8181
    kubernetes ${clusterDomain} in-addr.arpa ip6.arpa {
        pods insecure
        ttl 5
    }
    cache 5 {
        disable denial ${clusterDomain}
    }
    reload
    loadbalance
}
`;

/**
 * Cluster DNS, as Kubernetes specifies it: CoreDNS behind the Service `kube-dns`. Each node asks its own: for 50 s
 * after one has died, every second question would go to it, and a name takes eight questions.
 */
export function dnsObjects(image: string): KubernetesObject[] {
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'system:coredns' },
      rules: [
        {
          apiGroups: [''],
          resources: ['services', 'pods', 'namespaces'],
          verbs: ['list', 'watch'],
        },
        {
          apiGroups: ['discovery.k8s.io'],
          resources: ['endpointslices'],
          verbs: ['list', 'watch'],
        },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'system:coredns' },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:coredns',
      },
      subjects: [{ kind: 'ServiceAccount', name: 'coredns', namespace: 'kube-system' }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: corefile } },
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: daemonSet(image) },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, name: 'kube-dns' },
      spec: {
        clusterIP: dnsAddress,
        internalTrafficPolicy: 'Local',
        selector: labels,
        ports: [
          { name: 'dns', port: 53, protocol: 'UDP' },
          { name: 'dns-tcp', port: 53, protocol: 'TCP' },
        ],
      },
    },
  ];
}

function daemonSet(image: string): object {
  return {
    // The new one answers before the old one goes.
    updateStrategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: 'coredns',
        priorityClassName: 'system-node-critical',
        dnsPolicy: 'Default',
        securityContext: {
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
          // Lets it have port 53 without being root.
          sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '53' }],
        },
        containers: [container(image)],
        volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
      },
    },
  };
}

function container(image: string): object {
  return {
    name: 'coredns',
    image,
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: [
      { containerPort: 53, name: 'dns', protocol: 'UDP' },
      { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
    ],
    readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 2 },
    livenessProbe: { httpGet: { path: '/health', port: 8080 }, failureThreshold: 5 },
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '256Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
  };
}
