import { Unprocessable } from '../lib/errors.ts';
import type { KubernetesObject } from '../lib/kubernetes/client.ts';
import { chaincodePackage, type ChaincodePackage } from '../lib/fabric/package.ts';
import type { Chaincode } from '../lib/network.ts';
import type { Pass } from './pass.ts';

type ConfigMap = KubernetesObject & {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
};

/**
 * The package that a chaincode's source makes now, or why it makes none: a network that runs needs
 * its source no more. The label is the chaincode's name: pods bear it, and a version may be anything.
 */
export async function packageOf(
  pass: Pass,
  chaincode: Chaincode,
): Promise<ChaincodePackage | Unprocessable> {
  const { name: label, image } = chaincode;
  if (image !== undefined) return chaincodePackage({ label, type: 'image', image });
  try {
    return chaincodePackage({ label, type: 'node', files: await filesOf(pass, chaincode) });
  } catch (error) {
    if (error instanceof Unprocessable) return error;
    throw error;
  }
}

/**
 * The files of a chaincode that comes as JavaScript: builtin, or from a ConfigMap beside the resource.
 *
 * @throws Unprocessable when the ConfigMap is missing or empty
 */
async function filesOf(
  { clients, plan }: Pass,
  { name, builtin, source }: Chaincode,
): Promise<Record<string, string | Uint8Array>> {
  if (builtin !== undefined) return clients.builtin(builtin);
  if (source === undefined) throw new Unprocessable(`chaincode ${name} has no source`);
  const { configMap } = source;
  const found = await clients.kubernetes.get<ConfigMap>({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    namespace: plan.id.home,
    name: configMap,
  });
  const binary = Object.entries(found?.binaryData ?? {}).map(
    ([path, bytes]) => [path, Buffer.from(bytes, 'base64')] as const,
  );
  const files = { ...found?.data, ...Object.fromEntries(binary) };
  if (Object.keys(files).length === 0) {
    throw new Unprocessable(`chaincode ${name}: the ConfigMap ${configMap} is missing or empty`);
  }
  return files;
}
