import type {
  Container,
  EnvVar,
  PodSpec,
  Probe,
  ServiceSpec,
  StatefulSetSpec,
  Volume,
  VolumeMount,
} from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import {
  adminCaKey,
  identitySecret,
  memberKeys,
  memberName,
  MOST_MEMBERS,
  sharedKeys,
  VOLUME,
  workload,
} from './names.ts';
import { type Group, type Made, metadata, type Plan } from './plan.ts';

/** Where a member finds its identity, and keeps its ledger. */
export const paths = {
  identity: '/etc/selvedge',
  msp: '/etc/selvedge/msp',
  tls: '/etc/selvedge/tls',
  data: '/var/hyperledger/production',
} as const;

/** The user of all our images. */
const USER = 65532;

/** What tells an orderer's StatefulSet from a peer's. */
export interface MemberProgram {
  image: string;
  args?: string[];
  env: EnvVar[];
  ports: Record<string, number>;
  /** Serves `/healthz`, which says whether the program itself works. */
  operationsPort: number;
  memory: { request: string; limit: string };
  serviceAccountName?: string;
  graceSeconds: number;
}

/** The StatefulSet of a group: `members` pods, each with its own identity and ledger. */
export function statefulSet(
  plan: Plan,
  group: Group,
  program: MemberProgram,
): Made<StatefulSetSpec> {
  const name = workload(group.organization, group.tier);
  const described = metadata(plan, name, group);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: described,
    spec: {
      serviceName: name,
      replicas: group.members,
      // Members find each other by themselves; waiting for one before the next only costs time.
      podManagementPolicy: 'Parallel',
      // Each StatefulSet would renew its own pods, all of them at once: the step `rollout` knows
      // of the others and waits until the channels agree.
      updateStrategy: { type: 'OnDelete' },
      selector: { matchLabels: selector(plan, group) },
      template: {
        metadata: { labels: { ...described.labels, ...selector(plan, group) } },
        spec: podSpec(plan, group, program),
      },
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: VOLUME, labels: selector(plan, group) },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: plan.settings.storageClass,
            resources: { requests: { storage: plan.settings.volumeSize } },
          },
        },
      ],
    },
  };
}

/** The Service that Kubernetes wants of a StatefulSet, and one for each member. */
export function services(
  plan: Plan,
  group: Group,
  ports: Record<string, number>,
): Made<ServiceSpec>[] {
  const { organization, tier, members } = group;
  const service = (name: string, spec: ServiceSpec): Made<ServiceSpec> => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(plan, name, group),
    spec: {
      ...spec,
      // Members find each other before they are ready.
      publishNotReadyAddresses: true,
      ports: Object.entries(ports).map(([name, port]) => ({ name, port, protocol: 'TCP' })),
    },
  });
  const own = Array.from({ length: members }, (_, index) => {
    const name = memberName(organization, tier, index);
    return service(name, { selector: { [POD_NAME]: name } });
  });
  const governing = { clusterIP: 'None', selector: selector(plan, group) };
  return [service(workload(organization, tier), governing), ...own];
}

/** The label by which Kubernetes tells a StatefulSet's pods apart. */
const POD_NAME = 'statefulset.kubernetes.io/pod-name';

function selector({ id }: Plan, { organization, tier }: Group): Record<string, string> {
  return {
    [labels.network]: id.network,
    [labels.organization]: organization,
    [labels.component]: tier,
  };
}

const perNode = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname' };

function podSpec(plan: Plan, group: Group, program: MemberProgram): PodSpec {
  return {
    ...(program.serviceAccountName
      ? { serviceAccountName: program.serviceAccountName }
      : { automountServiceAccountToken: false }),
    enableServiceLinks: false,
    terminationGracePeriodSeconds: program.graceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: [
      // Over all organizations: losing a node costs the network as few members as can be.
      {
        ...perNode,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: {
          matchLabels: { [labels.network]: plan.id.network, [labels.component]: group.tier },
        },
      },
      // Of one organization: two share a node only when every node that can be used has one.
      {
        ...perNode,
        whenUnsatisfiable: 'DoNotSchedule',
        nodeTaintsPolicy: 'Honor',
        labelSelector: { matchLabels: selector(plan, group) },
      },
    ],
    containers: [container(group, program)],
    volumes: [identityVolume(group), { name: 'tmp', emptyDir: {} }],
  };
}

function container(group: Group, program: MemberProgram): Container {
  const mounts: VolumeMount[] = [
    { name: VOLUME, mountPath: paths.data },
    { name: 'tmp', mountPath: '/tmp' },
    {
      name: 'identity',
      mountPath: paths.identity,
      readOnly: true,
      subPathExpr: '$(SELVEDGE_POD_NAME)',
    },
  ];
  return {
    name: group.tier,
    image: program.image,
    ...(program.args && { args: program.args }),
    env: program.env,
    ports: Object.entries(program.ports).map(([name, containerPort]) => ({ name, containerPort })),
    volumeMounts: mounts,
    resources: {
      requests: { cpu: '25m', memory: program.memory.request },
      limits: { memory: program.memory.limit },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ...probes(program),
  };
}

function probes({ operationsPort }: MemberProgram): Record<string, Probe> {
  return {
    startupProbe: {
      httpGet: { path: '/healthz', port: operationsPort },
      periodSeconds: 1,
      failureThreshold: 180,
    },
    readinessProbe: {
      httpGet: { path: '/healthz', port: operationsPort },
      periodSeconds: 5,
      failureThreshold: 3,
      timeoutSeconds: 5,
    },
    // Patient: what a busy node needs is not a restart. Not the service port, where a probe
    // without TLS would be an error in the log each time.
    livenessProbe: {
      httpGet: { path: '/healthz', port: operationsPort },
      periodSeconds: 20,
      failureThreshold: 6,
      timeoutSeconds: 10,
    },
  };
}

/**
 * The identities of all pods of the group, a folder for each; the mount shows a pod its own only.
 * It lists the most members there can be, so that one member more does not restart the others.
 */
function identityVolume({ organization, tier }: Group): Volume {
  const name = workload(organization, tier);
  const ordinals = Array.from({ length: MOST_MEMBERS[tier] }, (_, ordinal) => ordinal);
  return {
    name: 'identity',
    secret: {
      secretName: identitySecret(organization, tier),
      defaultMode: 0o440,
      optional: true,
      items: ordinals.flatMap((ordinal) => {
        const keys = memberKeys(ordinal);
        const files: [key: string, path: string][] = [
          [sharedKeys.mspCa, 'msp/cacerts/ca.pem'],
          [sharedKeys.tlsCa, 'msp/tlscacerts/tlsca.pem'],
          [sharedKeys.ous, 'msp/config.yaml'],
          [keys.mspCertificate, 'msp/signcerts/cert.pem'],
          [keys.mspKey, 'msp/keystore/key.pem'],
          [sharedKeys.tlsCa, 'tls/ca.crt'],
          [keys.tlsCertificate, 'tls/tls.crt'],
          [keys.tlsKey, 'tls/tls.key'],
          ...(tier === 'orderer' ? [[adminCaKey, 'tls/admin-ca.crt'] as [string, string]] : []),
        ];
        return files.map(([key, path]) => ({ key, path: `${name}-${ordinal}/${path}` }));
      }),
    },
  };
}
