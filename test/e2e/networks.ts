/** Networks of a test's own, on which it may break what it likes. */
import type { ExecutionContext } from 'ava';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { until } from '../../functions/lib/until.ts';
import { connectGateway, type DataClient } from '../../scripts/cli/client.ts';
import { applyNetwork, isReady } from '../../scripts/cli/network.ts';
import {
  fresh,
  gateway,
  isReady as isPodReady,
  kubernetes,
  namespace,
  ownNamespace,
  pods,
  tiny,
  user,
} from './cluster.ts';

export interface Made {
  name: string;
  /** The namespace of its own. */
  own: string;
  /** A user of it. */
  alice: DataClient;
}

/** A network of three orderers, ready; it goes after the test. */
export async function made(
  t: ExecutionContext,
  { prefix, peers = 1 }: { prefix: string; peers?: number },
): Promise<Made> {
  const network = tiny(fresh(prefix));
  network.spec.consensus.orderers = 3;
  network.spec.organizations[0]!.peers = peers;
  const { name } = network.metadata;
  t.teardown(() => kubernetes.remove({ apiVersion, kind, namespace, name }));
  t.teardown(async () => {
    if (!t.passed) t.log(await situation(name));
  });
  await applyNetwork(kubernetes, network, { timeout: 240 });
  const { token } = await user('alice');
  return { name, own: ownNamespace(name), alice: connectGateway(gateway, name, token) };
}

interface Told extends KubernetesObject {
  reason?: string;
  message?: string;
  count?: number;
  involvedObject?: { name?: string };
}

/** What a network says of itself, which pods of it are not ready, and what Kubernetes told last: for a failed test. */
async function situation(name: string): Promise<string> {
  const own = ownNamespace(name);
  const network = await kubernetes.get<FabricNetwork>({ apiVersion, kind, namespace, name });
  const waiting = (await pods('selvedge.dev/component', own)).filter((pod) => !isPodReady(pod));
  const events = await kubernetes.list<Told>({ apiVersion: 'v1', kind: 'Event', namespace: own });
  return JSON.stringify(
    {
      phase: network?.status?.phase,
      conditions: network?.status?.conditions,
      waiting: waiting.map(({ metadata, spec, status }) => ({
        name: metadata.name,
        node: spec.nodeName,
        status,
      })),
      events: events
        .slice(-20)
        .map(({ reason, message, count, involvedObject }) =>
          [involvedObject?.name, reason, message, count].join(' '),
        ),
    },
    undefined,
    1,
  );
}

/** Waits until a network says that it is ready. */
export async function backReady({ name }: Pick<Made, 'name'>, timeoutMs: number): Promise<void> {
  await until({ what: `${name} to be ready`, timeoutMs }, async () => {
    const ref = { apiVersion, kind, namespace, name };
    const found = await kubernetes.get<FabricNetwork>(ref);
    return found !== undefined && isReady(found);
  });
}
