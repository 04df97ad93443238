/**
 * NetworkPolicies are enforced by kube-router, of which only its firewall runs: beside kube-proxy in every
 * node, as a process, since it needs the node's iptables and ipset.
 */
import { join } from 'node:path';

import { Hopeless, until } from '../../../functions/lib/until.ts';
import { run } from '../../lib/shell.ts';
import { isRunning, logOf, start } from '../machine/processes.ts';
import { serviceCidr, type Node } from '../settings.ts';
import { pki } from './pki.ts';

/** The name it runs under in a node. */
export const firewallOf = ({ name }: Pick<Node, 'name'>): string => `${name}-kube-router`;

/**
 * Starts a node's firewall and waits until what passes the node passes it.
 * @param folder of the built component
 */
export async function startFirewall(
  node: Node,
  folder: string,
  signal?: AbortSignal,
): Promise<void> {
  const name = firewallOf(node);
  // It asks for its node's object at its start, and ends if there is none: the kubelet makes it.
  const command = [join(folder, 'kube-router'), ...firewallFlags(node)];
  await start(name, command, { namespace: node.namespace });
  const standing = { what: `${name} to stand in the way`, timeoutMs: 60_000, mostMs: 200, signal };
  await until(standing, async () => {
    if (!(await isRunning(name))) throw new Hopeless(`${name} ended; see ${logOf(name)}`);
    return (await forwardRules(node)).includes('KUBE-ROUTER-FORWARD');
  });
}

function forwardRules({ namespace }: Node): Promise<string> {
  const inNode = [`--net=/run/netns/${namespace}`, '--'];
  return run('nsenter', [...inNode, 'iptables', '--wait', '--list-rules', 'FORWARD']);
}

/** Its user, as its certificate names it. */
export const firewallUser = 'system:kube-router';

/** The arguments it is started with in a node. */
export function firewallFlags(node: Node): string[] {
  return [
    `--kubeconfig=${join(pki, 'kube-router.kubeconfig')}`,
    `--hostname-override=${node.name}`,
    '--run-firewall=true',
    '--run-router=false',
    '--run-service-proxy=false',
    '--run-loadbalancer=false',
    '--enable-cni=false',
    '--enable-ipv6=false',
    `--service-cluster-ip-range=${serviceCidr}`,
    '--metrics-port=0',
  ];
}

const rbac = 'rbac.authorization.k8s.io';
const metadata = { name: firewallUser };

/** What it looks at, and nothing that it may change. */
export const firewallRights = [
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata,
    rules: [
      {
        apiGroups: [''],
        resources: ['namespaces', 'pods', 'services', 'nodes', 'endpoints'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: ['networking.k8s.io'],
        resources: ['networkpolicies'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: ['discovery.k8s.io'],
        resources: ['endpointslices'],
        verbs: ['get', 'list', 'watch'],
      },
    ],
  },
  {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: firewallUser },
    subjects: [{ apiGroup: rbac, kind: 'User', name: firewallUser }],
  },
];
