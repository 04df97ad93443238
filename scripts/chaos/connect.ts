import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import { connectGateway } from '../cli/client.ts';
import { connectHttp, connectTarget } from '../cli/target.ts';
import { issueToken } from '../cli/token.ts';
import { kubeconfig as localKubeconfig } from '../cluster/settings.ts';
import { kubectlLink } from '../cluster/nodes/kubectl.ts';
import { usualKubeconfig } from '../lib/kubeconfig.ts';
import { localMachine } from './machine.ts';
import { randomFrom } from './random.ts';
import type { Clients } from './round.ts';
import type { World } from './world.ts';

export interface ConnectOptions {
  kubeconfig?: string | undefined;
  context?: string | undefined;
  network: string;
  namespace: string;
  seed: number;
  say: (line: string) => void;
}

/** @throws Error when the cluster has no such network */
export async function connectWorld(options: ConnectOptions): Promise<World> {
  const { context, network: name, namespace, seed, say } = options;
  const { kubeconfig = usualKubeconfig(localKubeconfig) } = options;
  const kubectl = existsSync(kubectlLink) ? kubectlLink : 'kubectl';
  const target = { kubeconfig, context, kubectl };
  const flags = ['--kubeconfig', kubeconfig, ...(context ? ['--context', context] : [])];
  const connected = connectTarget(target);
  const ref = { apiVersion, kind, namespace, name };
  const network = await connected.kubernetes.get<FabricNetwork>(ref);
  if (!network) throw new Error(`there is no network ${name} in ${namespace}`);
  return {
    ...connected,
    http: connectHttp(target),
    kubectlCommand: [kubectl, ...flags],
    network,
    machine: resolve(kubeconfig) === localKubeconfig ? await localMachine() : undefined,
    random: randomFrom(seed),
    say,
  };
}

interface ClientOptions extends Pick<ConnectOptions, 'context' | 'network'> {
  kubeconfig: string;
  /** The address of the gateway. */
  gateway: string;
}

/** With a new token, for a run may outlast one. */
export async function connectClients({
  gateway,
  network,
  ...target
}: ClientOptions): Promise<Clients> {
  const token = await issueToken(target, 'chaos');
  return {
    once: connectGateway(gateway, network, token, { patienceMs: 0, deadlineMs: 20_000 }),
    patient: connectGateway(gateway, network, token),
  };
}
