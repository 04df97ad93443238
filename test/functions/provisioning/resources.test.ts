import test from 'ava';
import { networkSpec, type NetworkSpec } from '../../../functions/lib/network.ts';
import { memberKeys, MOST_MEMBERS } from '../../../functions/provisioning/resources/names.ts';
import { ordererResources } from '../../../functions/provisioning/resources/orderer.ts';
import { peerResources } from '../../../functions/provisioning/resources/peer.ts';
import {
  groups,
  type Group,
  type Made,
  type Plan,
  planOf,
} from '../../../functions/provisioning/resources/plan.ts';
import {
  launcherResources,
  ordererBudget,
  ordererQuorum,
} from '../../../functions/provisioning/resources/shared.ts';
import type { StatefulSetSpec } from '../../../functions/lib/kubernetes/client.ts';
import { settings, supply } from './world.ts';

const specOf = (change: (spec: NetworkSpec) => void = () => undefined): NetworkSpec => {
  const spec = networkSpec.parse(supply().spec);
  change(spec);
  return spec;
};

const planWith = (change?: (spec: NetworkSpec) => void): Plan =>
  planOf(supply(), specOf(change), settings);

const groupOf = (plan: Plan, tier: Group['tier']): Group =>
  groups(plan.spec).find((group) => group.tier === tier)!;

function statefulSets(plan: Plan): Made<StatefulSetSpec>[] {
  const made = groups(plan.spec).flatMap((group) =>
    group.tier === 'peer' ? peerResources(plan, group) : ordererResources(plan, group),
  );
  return made.filter(({ kind }) => kind === 'StatefulSet') as Made<StatefulSetSpec>[];
}

const longest = planWith((spec) => {
  spec.organizations[0]!.name = 'o'.repeat(16);
  spec.channels[0]!.organizations[0] = 'o'.repeat(16);
});
longest.id.network = 'n'.repeat(24);

const spread: [orderers: number, organizations: number, wanted: number[]][] = [
  [3, 1, [3]],
  [3, 2, [2, 1]],
  [3, 3, [1, 1, 1]],
  [3, 5, [1, 1, 1]],
  [7, 3, [3, 2, 2]],
  [1, 2, [1]],
];
for (const [orderers, organizations, wanted] of spread) {
  test(`${orderers} orderers go round ${organizations} organizations`, (t) => {
    const spec = specOf((one) => {
      one.consensus.orderers = orderers;
      one.organizations = Array.from({ length: organizations }, (_, index) => ({
        name: `org${index}`,
        mspId: `Org${index}MSP`,
        peers: 1,
      }));
    });
    const found = groups(spec).filter(({ tier }) => tier === 'orderer');
    t.deepEqual(
      found.map(({ members }) => members),
      wanted,
    );
  });
}

const quorums: ['raft' | 'bft', number, number][] = [
  ['raft', 1, 1],
  ['raft', 3, 2],
  ['raft', 5, 3],
  ['bft', 4, 3],
  ['bft', 7, 5],
];
for (const [type, orderers, wanted] of quorums) {
  test(`${wanted} of ${orderers} orderers must stay with ${type}`, (t) => {
    const plan = planWith((spec) => (spec.consensus = { type, orderers }));
    t.is(ordererQuorum(plan), wanted);
    t.is(ordererBudget(plan).spec.minAvailable, wanted);
  });
}

test('every name stays a DNS label, however long those it is made from', (t) => {
  for (const { metadata, spec } of statefulSets(longest)) {
    // The pods' label with the revision adds eleven characters to the StatefulSet's name.
    t.true(`${metadata.name}-0123456789`.length <= 63, metadata.name);
    t.true(spec.serviceName === metadata.name);
  }
});

test('members run under the restricted Pod Security Standard', (t) => {
  for (const { spec, metadata } of statefulSets(planWith())) {
    const pod = spec.template.spec!;
    t.like(pod.securityContext, {
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    for (const { securityContext } of pod.containers) {
      t.like(
        securityContext,
        { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
        metadata.name,
      );
      t.deepEqual(securityContext?.capabilities?.drop, ['ALL']);
    }
    t.true(pod.volumes?.every((volume) => !volume.hostPath));
  }
});

test('only peers may speak to the Kubernetes API, and there only what launching needs', (t) => {
  for (const { spec, metadata } of statefulSets(planWith())) {
    const pod = spec.template.spec!;
    const isPeer = metadata.labels?.['selvedge.dev/component'] === 'peer';
    t.is(
      pod.serviceAccountName,
      isPeer ? `selvedge-peer.supply.${metadata.labels?.['selvedge.dev/organization']}` : undefined,
    );
    t.is(pod.automountServiceAccountToken, isPeer ? undefined : false);
  }
  const role = launcherResources(planWith(), groupOf(planWith(), 'peer')).find(
    ({ kind }) => kind === 'Role',
  ) as unknown as {
    rules: { resources: string[]; verbs: string[] }[];
  };
  const secrets = role.rules.find(({ resources }) => resources.includes('secrets'));
  t.deepEqual(secrets?.verbs, ['create', 'delete']);
});

test('a pod sees its own identity and no other', (t) => {
  for (const { spec } of statefulSets(planWith())) {
    const [container] = spec.template.spec?.containers ?? [];
    const mount = container?.volumeMounts?.find(({ name }) => name === 'identity');
    t.is(mount?.subPathExpr, '$(SELVEDGE_POD_NAME)');
  }
});

test('the folder of a pod holds its own keys', (t) => {
  for (const { spec, metadata } of statefulSets(planWith())) {
    const volume = spec.template.spec?.volumes?.find(({ name }) => name === 'identity');
    const items = volume?.secret?.items ?? [];
    const keys = items
      .filter(({ path }) => path.startsWith(`${metadata.name}-1/`))
      .map(({ key }) => key);
    t.true(keys.includes(memberKeys(1).mspKey));
    t.false(keys.includes(memberKeys(0).mspKey));
  }
});

test('adding a peer to two changes nothing of the pods there are', (t) => {
  const [two, three] = [2, 3].map((peers) => {
    const plan = planWith((spec) => (spec.organizations[0]!.peers = peers));
    const made = peerResources(plan, groupOf(plan, 'peer'));
    return (made.find(({ kind }) => kind === 'StatefulSet') as Made<StatefulSetSpec>).spec;
  });
  t.deepEqual(three?.template, two?.template);
  t.is(three?.replicas, 3);
});

test('there is an identity for as many members as the spec allows', (t) => {
  const { peers } = networkSpec.shape.organizations.element.shape;
  t.true(peers.safeParse(MOST_MEMBERS.peer).success);
  t.false(peers.safeParse(MOST_MEMBERS.peer + 1).success);
});

test('members are spread over nodes, those of all organizations together', (t) => {
  for (const { spec, metadata } of statefulSets(planWith())) {
    const [constraint] = spec.template.spec?.topologySpreadConstraints ?? [];
    t.is(constraint?.topologyKey, 'kubernetes.io/hostname');
    t.deepEqual(constraint?.labelSelector?.matchLabels, {
      'selvedge.dev/network': 'supply',
      'selvedge.dev/component': metadata.labels?.['selvedge.dev/component'],
    });
  }
});

test('everything belongs to the network, for the garbage collector too', (t) => {
  const plan = planWith();
  const made = [
    ...statefulSets(plan),
    ...launcherResources(plan, groupOf(plan, 'peer')),
    ordererBudget(plan),
  ];
  for (const { metadata } of made) {
    t.is(metadata.labels?.['selvedge.dev/network'], 'supply');
    t.is(metadata.ownerReferences?.[0]?.name, 'supply');
  }
});
