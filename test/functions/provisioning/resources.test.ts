import test from 'ava';
import {
  type FabricNetwork,
  networkSpec,
  type NetworkSpec,
} from '../../../functions/lib/network.ts';
import {
  host,
  memberKeys,
  memberName,
  mostMembers,
  networkNamespace,
  pkiMount,
} from '../../../functions/provisioning/resources/names.ts';
import { namespaceOf } from '../../../functions/provisioning/resources/namespace.ts';
import { ordererResources } from '../../../functions/provisioning/resources/orderer.ts';
import { networkPolicies } from '../../../functions/provisioning/resources/policies.ts';
import { peerResources } from '../../../functions/provisioning/resources/peer.ts';
import {
  groups,
  type Group,
  type Made,
  type Plan,
} from '../../../functions/provisioning/resources/plan.ts';
import { launcherResources } from '../../../functions/provisioning/resources/rights.ts';
import { ordererBudget, ordererQuorum } from '../../../functions/provisioning/resources/shared.ts';
import type {
  KubernetesObject,
  ServiceSpec,
  StatefulSetSpec,
} from '../../../functions/lib/kubernetes/client.ts';
import { planFor, supply } from './world.ts';

const specOf = (change: (spec: NetworkSpec) => void = () => undefined): NetworkSpec => {
  const spec = networkSpec.parse(supply().spec);
  change(spec);
  return spec;
};

const planWith = (change?: (spec: NetworkSpec) => void): Plan => planFor(supply(), specOf(change));

const groupOf = (plan: Plan, tier: Group['tier']): Group =>
  groups(plan).find((group) => group.tier === tier)!;

const made = (uid: string): FabricNetwork => {
  const network = supply();
  return { ...network, metadata: { ...network.metadata, uid } };
};

const resourcesOf = (plan: Plan, group: Group): KubernetesObject[] =>
  group.tier === 'peer' ? peerResources(plan, group) : ordererResources(plan, group);

function statefulSets(plan: Plan): Made<StatefulSetSpec>[] {
  const made = groups(plan).flatMap((group) => resourcesOf(plan, group));
  return made.filter(({ kind }) => kind === 'StatefulSet') as Made<StatefulSetSpec>[];
}

const longest = planWith((spec) => {
  spec.organizations[0]!.name = 'o'.repeat(16);
  spec.channels[0]!.organizations[0] = 'o'.repeat(16);
});

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

/** What the volume of identities is made of: what all members share, and what is each one's own. */
function identitySources({ template }: StatefulSetSpec) {
  const volume = template.spec?.volumes?.find(({ name }) => name === 'identity');
  return (volume?.projected?.sources ?? []).map(({ secret }) => ({ items: [], ...secret }));
}

test('the folder of a pod holds its own keys', (t) => {
  for (const { spec, metadata } of statefulSets(planWith())) {
    const keys = identitySources(spec)
      .flatMap(({ items }) => items)
      .filter(({ path }) => path.startsWith(`${metadata.name}-1/`))
      .map(({ key }) => key);
    t.true(keys.includes(memberKeys(1).mspKey));
    t.false(keys.includes(memberKeys(0).mspKey));
  }
});

test('a pod waits for the Secret of its group, though not for a key of its own', (t) => {
  const folders = (items: { path: string }[]): Set<string | undefined> =>
    new Set(items.map(({ path }) => path.split('/')[0]));
  for (const { spec } of statefulSets(planWith())) {
    const [shared, own] = identitySources(spec);
    t.deepEqual([shared!.optional, own!.optional], [undefined, true]);
    // A folder that only an optional source makes could be made by the kubelet instead, for good.
    t.deepEqual(folders(shared!.items), folders(own!.items));
    t.true(own!.items.some(({ key }) => key === memberKeys(0).mspKey));
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
  t.true(peers.safeParse(mostMembers.peer).success);
  t.false(peers.safeParse(mostMembers.peer + 1).success);
});

test('two members of one organization share a node only when every other has one', (t) => {
  for (const { metadata, spec } of statefulSets(planWith())) {
    const constraints = spec.template.spec?.topologySpreadConstraints ?? [];
    const matchLabels = {
      'selvedge.dev/organization': metadata.labels?.['selvedge.dev/organization'],
    };
    t.like(constraints[1], {
      whenUnsatisfiable: 'DoNotSchedule',
      nodeTaintsPolicy: 'Honor',
      labelSelector: { matchLabels },
    });
  }
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

test('everything stands in the namespace of the network and says whose it is', (t) => {
  const plan = planWith();
  const made = [
    ...groups(plan).flatMap((group) => resourcesOf(plan, group)),
    ...launcherResources(plan, groupOf(plan, 'peer')),
    ordererBudget(plan),
    ...networkPolicies(plan),
  ];
  for (const { metadata } of made) {
    t.is(metadata.labels?.['selvedge.dev/network'], 'supply');
    t.is(metadata.namespace, 'selvedge-net-supply');
  }
});

test('a namespace of a network is named after it and its home, within 63 characters', (t) => {
  t.is(networkNamespace({ namespace: 'selvedge', network: 'supply' }), 'selvedge-net-supply');
  const home = 'h'.repeat(63);
  const [one, other] = ['supply', 'supplies'].map((network) =>
    networkNamespace({ namespace: home, network }),
  );
  for (const name of [one, other]) t.regex(name ?? '', /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  t.not(one, other);
});

test('no network can be named into a namespace of the platform', (t) => {
  for (const network of ['storage', 'users']) {
    t.not(networkNamespace({ namespace: 'selvedge', network }), `selvedge-${network}`);
  }
});

test('the namespace says whose it is and lets run only what is restricted', (t) => {
  const { metadata } = namespaceOf(planFor(made('uid-7')));
  t.like(metadata.labels, {
    'selvedge.dev/network': 'supply',
    'selvedge.dev/home': 'selvedge',
    'selvedge.dev/network-uid': 'uid-7',
    'pod-security.kubernetes.io/enforce': 'restricted',
  });
});

test('every member has a Service of its own, by whose name others know it', (t) => {
  const plan = planWith();
  const group = groupOf(plan, 'peer');
  const services = resourcesOf(plan, group).filter(({ kind }) => kind === 'Service');
  for (const index of [0, 1]) {
    const name = memberName('farm', 'peer', index);
    const found = services.find(({ metadata }) => metadata.name === name) as Made<ServiceSpec>;
    t.deepEqual(found.spec.selector, { 'statefulset.kubernetes.io/pod-name': name });
    t.true(found.spec.publishNotReadyAddresses);
    t.is(host(plan.id, 'farm', 'peer', index), `${name}.selvedge-net-supply.svc.cluster.local`);
  }
});

/** Who may reach a port of what a policy selects, as the labels it names. */
function reaching(plan: Plan, component: string, port: number): string[] {
  return networkPolicies(plan)
    .filter(({ spec }) => spec.podSelector?.matchLabels?.['selvedge.dev/component'] === component)
    .flatMap(({ spec }) => spec.ingress ?? [])
    .filter(({ ports }) => ports?.some((open) => open.port === port))
    .flatMap(({ from = [] }) => from.flatMap(({ podSelector }) => labelsOf(podSelector)))
    .sort();
}

const labelsOf = (
  selector: {
    matchLabels?: Record<string, string>;
    matchExpressions?: { values?: string[] }[];
  } = {},
): string[] => [
  ...Object.values(selector.matchLabels ?? {}),
  ...(selector.matchExpressions ?? []).flatMap(({ values = [] }) => values),
];

test('a port is reached by those that need it, and an operations port by nobody', (t) => {
  const plan = planWith();
  t.deepEqual(reaching(plan, 'orderer', 7050), ['orderer', 'peer', 'provisioning']);
  t.deepEqual(reaching(plan, 'orderer', 9443), ['provisioning']);
  t.deepEqual(reaching(plan, 'orderer', 8443), []);
  t.deepEqual(reaching(plan, 'peer', 7051), ['data-get', 'data-put', 'peer', 'provisioning']);
  t.deepEqual(reaching(plan, 'peer', 9443), []);
  t.deepEqual(reaching(plan, 'peer', 7053), ['chaincode', 'chaincode', 'farm', 'shop']);
  t.deepEqual(reaching(plan, 'chaincode', 7053), []);
});

test('a namespace that is said to have applications of the network reaches peers, and nothing else', (t) => {
  const opened = networkPolicies(planWith()).flatMap(({ spec }) =>
    (spec.ingress ?? []).flatMap(({ from = [], ports = [] }) =>
      from
        .filter(({ namespaceSelector }) => {
          const { matchLabels = {} } = namespaceSelector ?? {};
          return matchLabels['applications.selvedge.dev/selvedge-net-supply'] === 'true';
        })
        .map(() => [spec.podSelector?.matchLabels, ports.map(({ port }) => port)]),
    ),
  );
  t.deepEqual(opened, [[{ 'selvedge.dev/component': 'peer' }, [7051]]]);
});

test('who is not named reaches nobody and is reached by nobody', (t) => {
  const [nothing] = networkPolicies(planWith());
  t.deepEqual(nothing?.spec, { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
});

test('chaincode reaches the peers of its organization and nothing else', (t) => {
  const found = networkPolicies(planWith()).find(
    ({ metadata }) => metadata.name === 'chaincode-shop',
  );
  t.deepEqual(found?.spec.egress, [
    {
      to: [
        {
          podSelector: {
            matchLabels: {
              'selvedge.dev/component': 'peer',
              'selvedge.dev/organization': 'shop',
            },
          },
        },
      ],
      ports: [{ port: 7053, protocol: 'TCP' }],
    },
  ]);
});

test('a network made again has authorities of its own in Vault', (t) => {
  const [first, second] = ['uid-1', 'uid-2'].map((uid) =>
    pkiMount(planFor(made(uid)).id, 'farm', 'msp'),
  );
  t.not(first, second);
});
