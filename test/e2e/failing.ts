/** Chaincodes that do not run, and what networks say of them. */
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import { kubernetes, namespace, tiny } from './cluster.ts';

export const exits = `
console.log('about to end');
throw new Error('this chaincode ends by itself');
`;
export const exportsNothing = 'module.exports = {};';

const ref = (name: string) => ({ apiVersion, kind, namespace, name });

/** The smallest network that takes data, with one more chaincode: of one file, in a ConfigMap of its name. */
export async function applyWithSource(name: string, source: string): Promise<void> {
  const data = { 'index.js': source, 'package.json': '{"name":"bad","version":"1.0.0"}' };
  const metadata = { name, namespace };
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
  await kubernetes.apply<KubernetesObject>(configMap);
  const network = tiny(name);
  const bad = { name: 'bad', source: { configMap: name }, version: '1' };
  network.spec.channels[0]!.chaincodes!.push(bad);
  await kubernetes.apply(network);
}

export async function removeWithSource(name: string): Promise<void> {
  await kubernetes.remove(ref(name));
  await kubernetes.remove({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
}

/** What a network is at, and one of its conditions. */
export async function statusOf(name: string, type: string) {
  const { status } = (await kubernetes.get<FabricNetwork>(ref(name))) ?? {};
  return { phase: status?.phase, condition: status?.conditions?.find((one) => one.type === type) };
}
