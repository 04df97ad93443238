/** What the end-to-end tests need of the running cluster. Everything here is the real thing. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  connectKubernetes,
  type Kubernetes,
  type KubernetesObject,
} from '../../functions/lib/kubernetes/client.ts';
import { storageNamespace } from '../../functions/lib/tiers.ts';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import { networkNamespace } from '../../functions/provisioning/resources/names.ts';
import { connectGateway, type DataClient } from '../../scripts/cli/client.ts';
import { issueToken } from '../../scripts/cli/token.ts';

export const kubeconfig = fileURLToPath(new URL('../../.selvedge/kubeconfig', import.meta.url));
process.env['KUBECONFIG'] = kubeconfig;

export const kubernetes: Kubernetes = connectKubernetes();
export const gateway = 'http://127.0.0.1:8480';
export const namespace = 'selvedge';

/** The namespace of a network's own. */
export const ownNamespace = (name: string): string =>
  networkNamespace({ namespace, network: name });
export const network = 'supply';

export interface Pod extends KubernetesObject {
  spec: { nodeName?: string; volumes?: { persistentVolumeClaim?: { claimName: string } }[] };
  status?: {
    podIP?: string;
    phase?: string;
    conditions?: { type: string; status: string }[];
  };
}

/** The smallest network there is that takes data: one organization, one orderer, one peer. */
export const tiny = (name: string): FabricNetwork => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec: {
    consensus: { type: 'raft', orderers: 1 },
    organizations: [{ name: 'solo', mspId: 'SoloMSP', peers: 1 }],
    channels: [
      {
        name: 'one',
        organizations: ['solo'],
        chaincodes: [{ name: 'anchor', builtin: 'anchor', version: '1' }],
      },
    ],
    data: { channel: 'one' },
  },
});

/** A name no other run has used. */
export const fresh = (prefix: string): string => `${prefix}-${randomBytes(4).toString('hex')}`;

/** The gateway as a user of the sample network sees it. */
export async function user(name: string): Promise<DataClient & { token: string }> {
  const token = await issueToken({ kubeconfig }, name);
  return { ...connectGateway(gateway, network, token), token };
}

export function pods(labelSelector: string, where = namespace): Promise<Pod[]> {
  return kubernetes.list<Pod>({ apiVersion: 'v1', kind: 'Pod', namespace: where }, labelSelector);
}

export function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') ?? false;
}

/** Runs a program of the machine, with what it reads, and gives what it printed. */
export async function command(
  program: string,
  args: string[],
  input: Buffer = Buffer.alloc(0),
): Promise<Buffer> {
  const running = promisify(execFile)(program, args, {
    encoding: 'buffer',
    maxBuffer: 512 * 1024 * 1024,
    timeout: 120_000,
  });
  // A program that does not read what it is given closes its end first; its exit code counts.
  running.child.stdin?.on('error', () => undefined).end(input);
  return (await running).stdout;
}

/** The entries of a Secret, of the storage tiers unless told, decoded. */
export async function secret(
  name: string,
  where = storageNamespace,
): Promise<Record<string, Buffer>> {
  const found = await kubernetes.get<KubernetesObject & { data: Record<string, string> }>({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: where,
    name,
  });
  if (!found) throw new Error(`there is no Secret ${name}`);
  return Object.fromEntries(
    Object.entries(found.data).map(([key, value]) => [key, Buffer.from(value, 'base64')]),
  );
}
