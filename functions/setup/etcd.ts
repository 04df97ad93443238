import { type Grant, restrict, type UserAdmin } from '../lib/data/etcd-users.ts';
import { prefixes } from '../lib/data/datum.ts';
import type { EtcdUser } from '../lib/tiers.ts';
import { until } from '../lib/until.ts';

/**
 * Who may read and write what of the data path: a get writes nothing, and sees no put on its way. Who rotates keys
 * writes the records of versions, for their wrapped keys, and sees the puts that use an older key yet.
 */
export const grants: Readonly<Record<EtcdUser, readonly Grant[]>> = {
  'data-put': [{ permission: 'Readwrite', prefix: prefixes.all }],
  'data-get': [
    prefixes.data,
    prefixes.versions,
    prefixes.policies,
    prefixes.proposals,
    prefixes.records,
  ].map((prefix) => ({ permission: 'Read', prefix })),
  keys: [
    { permission: 'Readwrite', prefix: prefixes.versions },
    { permission: 'Read', prefix: prefixes.intents },
  ],
};

/** Gives each function a user of its own in etcd, and turns authentication on. */
export async function restrictEtcd(client: UserAdmin): Promise<void> {
  await until({ what: 'etcd to know its users', timeoutMs: 180_000 }, async () => {
    await restrict(client, grants);
    return true;
  });
}
