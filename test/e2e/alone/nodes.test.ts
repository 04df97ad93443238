/** A node is lost with a peer, an orderer and members of tiers on it: what is left goes on, and what was lost moves. */
import test from 'ava';
import type { KubernetesObject } from '../../../functions/lib/kubernetes/client.ts';
import { until } from '../../../functions/lib/until.ts';
import { checkLabel } from '../../../functions/failover/record.ts';
import { labels } from '../../../functions/lib/network.ts';
import { holds, struck } from '../chaos.ts';
import { isReady, kubernetes, network, ownNamespace, pods } from '../cluster.ts';

interface Event extends KubernetesObject {
  action?: string;
  reason?: string;
  lastTimestamp?: string;
  involvedObject?: { kind?: string; name?: string };
}

/** What failover did to a node since a moment, with the check that called for it, in the order of time. */
async function doneTo(node: string, since: string): Promise<string[]> {
  const about = { apiVersion: 'v1', kind: 'Event', namespace: 'default' };
  return (await kubernetes.list<Event>(about))
    .filter(({ reason, involvedObject }) => reason === 'Failover' && involvedObject?.name === node)
    .filter(({ lastTimestamp = '' }) => lastTimestamp >= since)
    .toSorted((a, b) => (a.lastTimestamp ?? '').localeCompare(b.lastTimestamp ?? ''))
    .map(({ action, metadata }) => `${action} for ${metadata.labels?.[checkLabel]}`);
}

test.serial(
  'nothing is lost with a node: it is fenced, its members move, and it is taken back',
  async (t) => {
    t.timeout(900_000);
    const since = new Date().toISOString();
    const round = await struck(t, 'node-dead');
    holds(t, round);
    const done = await until(
      { what: 'the node to be taken back', timeoutMs: 120_000 },
      async () => {
        const told = await doneTo(round.hit, since);
        return told.some((line) => line.startsWith('take-back')) && told;
      },
    );
    t.deepEqual([...new Set(done)], ['fence-node for node-lost', 'take-back for node-back']);
    const members = await pods(`${labels.network}=${network}`, ownNamespace(network));
    t.true(members.length > 0 && members.every(isReady));
  },
);
