/** A pass of failover over three real members of Vault: what becomes of one that lost its disk. */
import { setTimeout as delay } from 'node:timers/promises';
import anyTest, { type TestFn } from 'ava';
import { replace } from '../../functions/failover/actions/replace.ts';
import { unseal } from '../../functions/failover/actions/unseal.ts';
import { gather } from '../../functions/failover/gather.ts';
import { pass, type Failover } from '../../functions/failover/pass.ts';
import { nameOf } from '../../functions/failover/targets.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import type { VaultMember } from '../../functions/lib/vault/members.ts';
import { createPeers } from '../../functions/lib/vault/peers.ts';
import { tierLabel } from '../../functions/lib/tiers.ts';
import { until } from '../../functions/lib/until.ts';
import { FakeObjects } from '../fakes/objects.ts';
import { startVault, type VaultServer } from './harness.ts';
import { leaderOf } from './vault-cluster.ts';
import { writing, type Writing } from './writing.ts';

interface Context {
  server: VaultServer;
  failover: Failover;
  /** What was done, in its order. */
  told: string[];
}
const test = anyTest as TestFn<Context>;
const namespace = 'selvedge-storage';
const pods = ['vault-0', 'vault-1', 'vault-2'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid: name, labels: { [tierLabel]: 'vault' } },
  status: { containerStatuses: [{ restartCount: 0, state: { running: {} } }] },
}));

test.before(async (t) => {
  const server = await startVault('selvedge', 3);
  const told: string[] = [];
  const kubernetes = new FakeObjects(...pods).edge;
  const vaultMember = (pod: string): VaultMember => memberOf(server, Number(pod.at(-1)));
  const peers = createPeers(connectVault({ ...server.as('failover'), timeoutMs: 2_000 }));
  const keys = () => Promise.resolve(server.keys);
  const silent = () => Promise.resolve();
  const never = () => Promise.reject(new Error('there are no nodes'));
  const failover: Failover = {
    gather: () =>
      gather({
        ...{ kubernetes, namespace, vaultMember, peers },
        nodes: () => Promise.resolve([]),
        volume: () => Promise.resolve(undefined),
      }),
    actions: {
      unseal: ({ target: { pod } }) => unseal(vaultMember(pod), keys),
      replace: ({ target: { pod } }) => replace(vaultMember(pod), { name: pod, peers }, keys),
      restart: never,
      'fence-node': never,
      'take-back': never,
    },
    recorder: {
      ...{ started: silent, alarmed: silent, kept: silent, dropped: silent },
      completed: (action, outcome, detail = '') => {
        const { check, target } = action;
        const line = `${check}: ${action.action} ${nameOf(target)} ${outcome} ${detail}`.trim();
        return Promise.resolve(void told.push(line));
      },
    },
  };
  t.context = { server, failover, told };
});
test.after.always((t) => t.context.server.stop());

function memberOf({ cluster }: VaultServer, index: number): VaultMember {
  const found = cluster.members[index];
  if (!found) throw new Error(`there is no member ${index}`);
  return found;
}

/** The names of those with a vote. */
async function voters({ as }: VaultServer): Promise<string[]> {
  const list = await createPeers(connectVault(as('failover'))).list();
  return list
    .filter(({ voter }) => voter)
    .map(({ name }) => name)
    .sort();
}

/** Keeps writing through whichever member answers. */
function writingNames(server: VaultServer): Writing {
  const vault = connectVault({ ...server.as('provisioning'), timeoutMs: 2_000 });
  const write = async (name: string): Promise<boolean> => {
    await vault.write(`selvedge/data/networks/ns/${name}`, { data: { name } });
    return true;
  };
  return writing(write, 20);
}

/** Passes follow each other, as the Broker sends what was not taken again. */
async function heal({ failover }: Context): Promise<void> {
  const healing = { what: 'failover to come to its end', timeoutMs: 90_000 };
  await until(healing, () => pass(failover, { patienceMs: 5_000, pauseMs: 200 }).then(() => true));
}

async function losing(context: Context, index: number): Promise<string[]> {
  const { server, told } = context;
  told.length = 0;
  const writes = writingNames(server);
  await delay(300);
  await server.cluster.lose(index);
  const member = memberOf(server, index);
  await until({ what: 'it to run', timeoutMs: 30_000 }, async () => !!(await member.status()));
  await heal(context);
  await until({ what: 'it to have a vote', timeoutMs: 60_000 }, async () => {
    return (await voters(server)).length === 3 && !(await member.status()).sealed;
  });
  const keys = await writes.stop();
  const alone = connectVault({ ...server.as('provisioning'), addresses: [member.address] });
  const missing: string[] = [];
  for (const name of keys) {
    const found = await alone.read(`selvedge/data/networks/ns/${name}`);
    if ((found?.data as { name?: string } | undefined)?.name !== name) missing.push(name);
  }
  return [...missing, ...(keys.length < 10 ? [`only ${keys.length} were written`] : [])];
}

test.serial('one member says that it leads, and since when', async (t) => {
  const { members } = t.context.server.cluster;
  const since = await Promise.all(members.map((member) => member.leadsSince()));
  const [leading, ...others] = since.filter((one) => one !== undefined);
  t.deepEqual(others, []);
  t.true(Math.abs(Date.now() - leading!.getTime()) < 300_000);
});

test.serial('a member tells whether there is anything on its disk', async (t) => {
  const { server } = t.context;
  t.true(await memberOf(server, 1).hasData());
  await server.cluster.restart(1);
  await until({ what: 'it to run', timeoutMs: 30_000 }, () => memberOf(server, 1).hasData());
  t.like(await memberOf(server, 1).status(), { sealed: true });
  await heal(t.context);
  t.deepEqual(t.context.told, ['vault-sealed: unseal vault-1 succeeded']);
});

test.serial('a member that lost its disk is replaced, under writes', async (t) => {
  const index = ((await leaderOf(t.context.server.cluster)) + 1) % 3;
  t.deepEqual(await losing(t.context, index), []);
  t.deepEqual(t.context.told, [`vault-lost: replace vault-${index} succeeded`]);
});

test.serial('so is the one that leads', async (t) => {
  const index = await leaderOf(t.context.server.cluster);
  t.deepEqual(await losing(t.context, index), []);
  t.deepEqual(t.context.told, [`vault-lost: replace vault-${index} succeeded`]);
});

test.serial('of two that lost their disks none is let in', async (t) => {
  const { server, failover, told } = t.context;
  told.length = 0;
  const index = await leaderOf(server.cluster);
  for (const other of [1, 2]) await server.cluster.lose((index + other) % 3);
  await delay(5_000);
  const trying = pass(failover, { patienceMs: 5_000, pauseMs: 500 });
  await t.throwsAsync(trying, {
    message: /its disk is empty|it has lost its disk|does not answer/,
  });
  t.deepEqual(told, []);
});
