/** The StatefulSet of a group of members, and the Services that they are reached by. */
import type { ServiceSpec, StatefulSetSpec } from '../../lib/kubernetes/client.ts';
import { podSpec, selector, type MemberProgram } from './member-pod.ts';
import { memberName, volumeName, workload } from './names.ts';
import { type Group, type Made, metadata, type Plan } from './plan.ts';

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
          metadata: { name: volumeName, labels: selector(plan, group) },
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
    return service(name, { selector: { [podNameLabel]: name } });
  });
  const governing = { clusterIP: 'None', selector: selector(plan, group) };
  return [service(workload(organization, tier), governing), ...own];
}

/** The label by which Kubernetes tells a StatefulSet's pods apart. */
const podNameLabel = 'statefulset.kubernetes.io/pod-name';
