import { attempt, run } from '../../lib/shell.ts';
import { bridge, nodes, serviceCidr, type Node } from '../settings.ts';

/** Tags our firewall rules, so that only they are removed. */
const comment = ['-m', 'comment', '--comment', 'selvedge'];
const accepted = [
  // Where bridged packets pass the host's firewall, one that drops what it forwards (Docker's does) would cut us off.
  ['FORWARD', '-i', bridge.name, '-o', bridge.name, ...comment, '-j', 'ACCEPT'],
  // Nodes and pods reach the API server and the registry, which are the machine's, whatever else it refuses.
  ['INPUT', '-i', bridge.name, ...comment, '-j', 'ACCEPT'],
];

/**
 * Makes the bridge, a network namespace for every node, and routes, so that nodes, pods and the host reach each
 * other by their own addresses: nothing is translated, and nothing leads beyond this machine.
 */
export async function makeNetwork(): Promise<void> {
  await ip(`link add ${bridge.name} type bridge`);
  await ip(`address add ${bridge.address}/${bridge.prefix} dev ${bridge.name}`);
  await ip(`link set ${bridge.name} up`);
  for (const node of nodes) await makeNode(node);
  for (const rule of accepted) await attempt('iptables', ['-I', ...rule]);
}

/** Whether {@link makeNetwork} has run to its end. */
export async function hasNetwork(): Promise<boolean> {
  const looks = nodes.map((node) =>
    attempt('ip', ['-n', node.namespace, 'route', 'show', serviceCidr]),
  );
  return (await Promise.all(looks)).every((routes) => routes !== undefined && routes !== '');
}

async function makeNode(node: Node): Promise<void> {
  await ip(`netns add ${node.namespace}`);
  await ip(`link add ${node.link} type veth peer name eth0 netns ${node.namespace}`);
  await ip(`link set ${node.link} master ${bridge.name} up`);
  await ip(`route add ${node.podCidr} via ${node.address}`);
  const inside = (line: string): Promise<void> => ip(`-n ${node.namespace} ${line}`);
  await inside('link set lo up');
  await inside(`address add ${node.address}/${bridge.prefix} dev eth0`);
  await inside('link set eth0 up');
  for (const other of nodes.filter(({ name }) => name !== node.name))
    await inside(`route add ${other.podCidr} via ${other.address}`);
  await set(node, 'net/ipv4/ip_forward', 1);
  for (const name of ['all', 'default', 'eth0'])
    await set(node, `net/ipv4/conf/${name}/rp_filter`, 0);
  // Never used as such: the node's own programs need some route for an address before it is translated.
  await inside(`route add ${serviceCidr} via ${bridge.address}`);
}

/** /proc/sys/net shows the values of the network namespace of whoever looks. */
async function set(node: Node, name: string, value: number): Promise<void> {
  await inNode(node, 'sh', ['-c', `echo ${value} > /proc/sys/${name}`]);
}

/** Runs a command in a node's network namespace, and gives what it printed. */
export function inNode(node: Node, program: string, args: string[]): Promise<string> {
  return run('nsenter', [`--net=/run/netns/${node.namespace}`, '--', program, ...args]);
}

/** Removes all that {@link makeNetwork} made; what is not there is not missed. */
export async function removeNetwork(): Promise<void> {
  for (const rule of accepted) while ((await attempt('iptables', ['-D', ...rule])) !== undefined);
  for (const node of nodes) {
    await attempt('ip', ['link', 'delete', node.link]);
    await attempt('ip', ['netns', 'delete', node.namespace]);
  }
  await attempt('ip', ['link', 'delete', bridge.name]);
}

async function ip(line: string): Promise<void> {
  await run('ip', line.split(' '));
}
