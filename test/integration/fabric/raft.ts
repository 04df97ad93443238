/** What orderers say of Raft, in their metrics; of an orderer with one channel. */
import type { TestOrderer } from './network.ts';

/** What an orderer counts of its channel, by etcdraft's name of it; undefined before it has one. */
export async function raftMetric(
  { operations }: TestOrderer,
  name: string,
): Promise<number | undefined> {
  const metrics = await (await fetch(`${operations}/metrics`)).text();
  const line = new RegExp(`^consensus_etcdraft_${name}\\{.*\\} (\\d+)$`, 'm').exec(metrics);
  return line ? Number(line[1]) : undefined;
}

/** The one of them that leads, by its own account; all must be up. */
export async function leaderOf(orderers: readonly TestOrderer[]): Promise<TestOrderer | undefined> {
  const leading = await Promise.all(orderers.map((one) => raftMetric(one, 'is_leader')));
  return orderers[leading.indexOf(1)];
}
