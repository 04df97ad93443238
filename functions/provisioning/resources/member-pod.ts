/** The pod of a member: an orderer or a peer, with its own identity and ledger. */
import type {
  Container,
  EnvVar,
  PodSpec,
  Probe,
  Volume,
  VolumeMount,
} from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import {
  adminCaKey,
  identitySecret,
  memberKeys,
  mostMembers,
  sharedKeys,
  volumeName,
  workload,
} from './names.ts';
import type { Group, Plan } from './plan.ts';

/** Where a member finds its identity, and keeps its ledger. */
export const paths = {
  identity: '/etc/selvedge',
  msp: '/etc/selvedge/msp',
  tls: '/etc/selvedge/tls',
  data: '/var/hyperledger/production',
} as const;

/** The user of all our images. */
const imageUser = 65532;

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

/** The labels by which the pods of a group are picked. */
export function selector({ id }: Plan, { organization, tier }: Group): Record<string, string> {
  return {
    [labels.network]: id.network,
    [labels.organization]: organization,
    [labels.component]: tier,
  };
}

const perNode = { maxSkew: 1, topologyKey: 'kubernetes.io/hostname' };

export function podSpec(plan: Plan, group: Group, program: MemberProgram): PodSpec {
  return {
    ...(program.serviceAccountName
      ? { serviceAccountName: program.serviceAccountName }
      : { automountServiceAccountToken: false }),
    enableServiceLinks: false,
    terminationGracePeriodSeconds: program.graceSeconds,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: imageUser,
      runAsGroup: imageUser,
      fsGroup: imageUser,
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
    { name: volumeName, mountPath: paths.data },
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
 * Of those only the keys may be missing: without a Secret the kubelet would make the pod's folder, empty, and nothing
 * could take its place once the Secret is back.
 */
function identityVolume({ organization, tier }: Group): Volume {
  const name = identitySecret(organization, tier);
  const member = workload(organization, tier);
  const ordinals = Array.from({ length: mostMembers[tier] }, (_, ordinal) => ordinal);
  const items = (filesOf: (ordinal: number) => readonly IdentityFile[]): SecretItem[] =>
    ordinals.flatMap((ordinal) =>
      filesOf(ordinal).map(([key, path]) => ({ key, path: `${member}-${ordinal}/${path}` })),
    );
  const shared = [...sharedFiles, ...(tier === 'orderer' ? adminFiles : [])];
  return {
    name: 'identity',
    projected: {
      defaultMode: 0o440,
      sources: [
        { secret: { name, items: items(() => shared) } },
        { secret: { name, optional: true, items: items(ownFiles) } },
      ],
    },
  };
}

type IdentityFile = readonly [key: string, path: string];
interface SecretItem {
  key: string;
  path: string;
}

const sharedFiles: readonly IdentityFile[] = [
  [sharedKeys.mspCa, 'msp/cacerts/ca.pem'],
  [sharedKeys.tlsCa, 'msp/tlscacerts/tlsca.pem'],
  [sharedKeys.ous, 'msp/config.yaml'],
  [sharedKeys.tlsCa, 'tls/ca.crt'],
];
const adminFiles: readonly IdentityFile[] = [[adminCaKey, 'tls/admin-ca.crt']];

function ownFiles(ordinal: number): readonly IdentityFile[] {
  const keys = memberKeys(ordinal);
  return [
    [keys.mspCertificate, 'msp/signcerts/cert.pem'],
    [keys.mspKey, 'msp/keystore/key.pem'],
    [keys.tlsCertificate, 'tls/tls.crt'],
    [keys.tlsKey, 'tls/tls.key'],
  ];
}
