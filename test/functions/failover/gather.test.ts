import test from 'ava';
import { gather, tierLabel, type Pod } from '../../../functions/failover/gather.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { SealStatus, VaultMember } from '../../../functions/lib/vault/members.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const pod = (name: string, tier: string, more: Partial<Pod> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'selvedge', uid: `uid-${name}`, labels: { [tierLabel]: tier } },
  status: {
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ restartCount: 2, state: { running: {} } }],
  },
  ...more,
});

function look(pods: Pod[], seals: Record<string, SealStatus | Error>) {
  const vaultMember = (name: string): VaultMember =>
    ({
      status: () => {
        const seal = seals[name];
        return seal instanceof Error ? Promise.reject(seal) : Promise.resolve(seal);
      },
    }) as unknown as VaultMember;
  const kubernetes = new FakeObjects(...pods).edge;
  return gather({ kubernetes, namespace: 'selvedge', vaultMember });
}

test('every pod of a tier is seen, with the seal of those that are Vault’s', async (t) => {
  const { members } = await look([pod('etcd-0', 'etcd'), pod('vault-0', 'vault')], {
    'vault-0': { initialized: true, sealed: true },
  });
  const same = {
    kind: 'member' as const,
    namespace: 'selvedge',
    running: true,
    ready: true,
    restarts: 2,
  };
  t.deepEqual(members, [
    { pod: 'etcd-0', uid: 'uid-etcd-0', tier: 'etcd', ...same },
    { pod: 'vault-0', uid: 'uid-vault-0', tier: 'vault', ...same, seal: 'sealed' },
  ]);
});

test('a member that cannot be reached is silent', async (t) => {
  const { members } = await look([pod('vault-0', 'vault')], {
    'vault-0': new Unavailable('refused'),
  });
  t.is(members[0]?.seal, 'silent');
});

test('a member that was never initialized is neither sealed nor unsealed', async (t) => {
  const { members } = await look([pod('vault-0', 'vault')], {
    'vault-0': { initialized: false, sealed: true },
  });
  t.is(members[0]?.seal, 'uninitialized');
});

test('a member whose container does not run is not asked', async (t) => {
  const waiting = pod('vault-0', 'vault', {
    status: { containerStatuses: [{ restartCount: 0, state: {} }] },
  });
  const { members } = await look([waiting], {});
  t.deepEqual(members, [
    {
      kind: 'member',
      namespace: 'selvedge',
      pod: 'vault-0',
      uid: 'uid-vault-0',
      tier: 'vault',
      running: false,
      ready: false,
      restarts: 0,
    },
  ]);
});

test('a pod that is being deleted is no member any more', async (t) => {
  const leaving = pod('vault-0', 'vault');
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  t.deepEqual(await look([leaving], {}), { members: [] });
});
