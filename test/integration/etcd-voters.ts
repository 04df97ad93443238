import { connectEtcdClient } from '../../functions/lib/data/etcd.ts';
import type { EtcdServer } from './harness.ts';

/** The ids of those that have a vote, in the order of their names. */
export async function voters(server: EtcdServer, through?: number): Promise<string[]> {
  const root = await server.as('root');
  const endpoints = root.endpoints.filter((_, n) => through === undefined || n === through);
  const client = connectEtcdClient({ ...root, endpoints });
  try {
    const { members } = await client.cluster.memberList({ linearizable: true });
    const named = members.filter(({ name, isLearner }) => name !== '' && !isLearner);
    return named.sort((a, b) => a.name.localeCompare(b.name)).map(({ ID }) => ID);
  } finally {
    client.close();
  }
}
