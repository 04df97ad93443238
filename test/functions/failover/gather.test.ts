import test from 'ava';
import { gather, type Pod } from '../../../functions/failover/gather.ts';
import { tierLabel } from '../../../functions/lib/tiers.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import type { SealStatus, VaultMember } from '../../../functions/lib/vault/members.ts';
import type { VaultPeers } from '../../../functions/lib/vault/peers.ts';
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

interface Seen extends SealStatus {
  /** Whether there is something on its disk; it does not tell where that is left out. */
  hasData?: boolean;
  leadsSince?: Date;
}

function look(
  pods: Pod[],
  seals: Record<string, Seen | Error>,
  list: VaultPeers['list'] = () => Promise.reject(new Error('nobody is to be asked')),
) {
  const vaultMember = (name: string): VaultMember =>
    ({
      status: () => {
        const seal = seals[name];
        return seal instanceof Error ? Promise.reject(seal) : Promise.resolve(seal);
      },
      leadsSince: () => Promise.resolve((seals[name] as Seen).leadsSince),
      hasData: () => {
        const { hasData } = seals[name] as Seen;
        return hasData === undefined
          ? Promise.reject(new Unavailable('it does not tell'))
          : Promise.resolve(hasData);
      },
    }) as unknown as VaultMember;
  const kubernetes = new FakeObjects(...pods).edge;
  return gather({
    ...{ kubernetes, namespace: 'selvedge', vaultMember, peers: { list } },
    nodes: () => Promise.resolve([]),
    volume: () => Promise.resolve(undefined),
  });
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

test('of a member that acts as the leader it is seen for how long', async (t) => {
  const { members } = await look([pod('vault-0', 'vault'), pod('vault-1', 'vault')], {
    'vault-0': { initialized: true, sealed: false, leadsSince: new Date(Date.now() - 60_000) },
    'vault-1': { initialized: true, sealed: false },
  });
  t.is(Math.round(members[0]?.leadsFor ?? 0), 60);
  t.is(members[1]?.leadsFor, undefined);
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
  t.deepEqual(await look([leaving], {}), { members: [], nodes: [] });
});

test('a member is only taken for one without its disk where it says so, and then the others are asked', async (t) => {
  const pods = ['vault-0', 'vault-1', 'vault-2'].map((name) => pod(name, 'vault'));
  const sealed = { initialized: true, sealed: true };
  const seals = { 'vault-0': { ...sealed, hasData: true }, 'vault-1': sealed };
  const before = await look(pods.slice(0, 2), seals);
  t.deepEqual(
    before.members.map(({ empty }) => empty),
    [undefined, undefined],
  );
  const peers = [{ name: 'vault-2', voter: true }];
  const lost = { ...seals, 'vault-2': { ...sealed, hasData: false } };
  const after = await look(pods, lost, () => Promise.resolve(peers));
  t.true(after.members.find((one) => one.pod === 'vault-2')?.empty);
  t.deepEqual(after.peers, peers);
  const untold = await look(pods, lost, () => Promise.reject(new Unavailable('no leader')));
  t.is(untold.peers, undefined);
});
