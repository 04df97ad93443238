import type { NetworkPolicySpec } from '../../lib/kubernetes/client.ts';
import { labels } from '../../lib/network.ts';
import { applicationsLabel, ports } from './names.ts';
import { type Made, metadata, type Plan } from './plan.ts';

type Rule = NonNullable<NetworkPolicySpec['egress']>[number] &
  NonNullable<NetworkPolicySpec['ingress']>[number];
type Place = NonNullable<Rule['to']>[number];

/**
 * Who may speak to whom in a network's namespace. All is refused that is not said here; nobody
 * reaches the ports of operations, where a log level can be set by whoever comes.
 */
export function networkPolicies(plan: Plan): Made<NetworkPolicySpec>[] {
  const policy = (name: string, spec: NetworkPolicySpec): Made<NetworkPolicySpec> => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(plan, name),
    spec,
  });
  const component = (is: string, organization?: string): NonNullable<Place['podSelector']> => ({
    matchLabels: {
      [labels.component]: is,
      ...(organization && { [labels.organization]: organization }),
    },
  });
  const [peers, orderers] = [component('peer'), component('orderer')];
  const functions = (...names: string[]): Place => ({
    namespaceSelector: { matchLabels: { [namespaceNameLabel]: plan.id.home } },
    podSelector: {
      matchExpressions: [{ key: 'serving.knative.dev/service', operator: 'In', values: names }],
    },
  });
  // Whoever may label a namespace lets its applications in; who they are is for the peer to tell.
  const applications: Place = {
    namespaceSelector: { matchLabels: { [applicationsLabel(plan.id)]: 'true' } },
  };
  const both = ['Ingress', 'Egress'];
  return [
    policy('nothing', { podSelector: {}, policyTypes: both }),
    policy('orderers', {
      podSelector: orderers,
      policyTypes: both,
      ingress: [
        from([{ podSelector: orderers }, { podSelector: peers }], ports.orderer),
        from([functions('provisioning')], ports.orderer, ports.ordererAdmin),
      ],
      egress: [names, to([{ podSelector: orderers }], ports.orderer)],
    }),
    policy('peers', {
      podSelector: peers,
      policyTypes: both,
      ingress: [
        from(
          [{ podSelector: peers }, functions('data-put', 'data-get', 'provisioning'), applications],
          ports.peer,
        ),
      ],
      egress: [
        names,
        apiServer,
        to([{ podSelector: peers }], ports.peer),
        to([{ podSelector: orderers }], ports.orderer),
      ],
    }),
    // Chaincode connects to its peer, whose name it is given as an address: it asks no DNS.
    ...plan.spec.organizations.flatMap(({ name }) => [
      policy(`chaincode-${name}`, {
        podSelector: component('chaincode', name),
        policyTypes: both,
        egress: [to([{ podSelector: component('peer', name) }], ports.chaincode)],
      }),
      policy(`peers-${name}`, {
        podSelector: component('peer', name),
        policyTypes: ['Ingress'],
        ingress: [from([{ podSelector: component('chaincode', name) }], ports.chaincode)],
      }),
    ]),
  ];
}

/** The label that every namespace bears with its own name. */
const namespaceNameLabel = 'kubernetes.io/metadata.name';

const from = (places: Place[], ...open: number[]): Rule => ({ from: places, ports: tcp(open) });
const to = (places: Place[], ...open: number[]): Rule => ({ to: places, ports: tcp(open) });
const tcp = (open: readonly number[]) => open.map((port) => ({ port, protocol: 'TCP' }));

const names: Rule = {
  to: [
    {
      namespaceSelector: { matchLabels: { [namespaceNameLabel]: 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ],
  ports: ['UDP', 'TCP'].map((protocol) => ({ port: 53, protocol })),
};

/** For the launcher. The API server is no pod, and its address differs from cluster to cluster. */
const apiServer: Rule = to([{ ipBlock: { cidr: '0.0.0.0/0' } }], 443, 6443);
