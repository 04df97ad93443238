/** Whose namespace it is that a network lives in, what in it is the network's, and how it goes. */
import test from 'ava';
import { Forbidden, Unavailable } from '../../../functions/lib/errors.ts';
import { labels } from '../../../functions/lib/network.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { removeNetwork } from '../../../functions/provisioning/remove.ts';
import { finalizer } from '../../../functions/provisioning/resource.ts';
import { createWorld, id, networkOf, own, statusOf, type World } from './world.ts';

const ref = { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', namespace: id.namespace };

test('deleting removes the namespace with all in it, and the authorities, and nothing else', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const other = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'mine', namespace: id.namespace, labels: { [labels.network]: 'other' } },
  };
  await world.kubernetes.create(other);
  t.deepEqual((await networkOf(world)).metadata.finalizers, [finalizer]);
  t.true(world.secrets.size > 0 && world.authorities.size > 0);
  await world.kubernetes.remove({ ...ref, name: id.network });
  await reconcile(world.clients, id);
  t.deepEqual(
    [...world.kubernetes.objects.values()].map(({ metadata }) => metadata.name),
    ['mine'],
  );
  // The data functions are told whose data to erase.
  const [[path, told] = []] = [...world.secrets];
  t.is(world.secrets.size, 1);
  t.true(path?.startsWith('selvedge/data/incarnations/'));
  t.like(told?.['data'], { state: 'removed', ...id });
  t.is(world.authorities.size, 0);
});

test('what is left over from an earlier spec is removed', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const [some] = world.kubernetes.all('Service');
  await world.kubernetes.create({ ...some!, metadata: { ...some!.metadata, name: 'old-peer' } });
  await reconcile(world.clients, id);
  t.false(world.kubernetes.all('Service').some(({ metadata }) => metadata.name === 'old-peer'));
});

test('what others made stays, though it bears the label of the network', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const metadata = { name: 'theirs', namespace: own, labels: { [labels.network]: id.network } };
  await world.kubernetes.create({ apiVersion: 'v1', kind: 'Service', metadata });
  await reconcile(world.clients, id);
  t.true(world.kubernetes.all('Service').some(({ metadata: { name } }) => name === 'theirs'));
});

const namespaceRef = { apiVersion: 'v1', kind: 'Namespace', name: own };

test('a namespace that bears the name and is of another is left alone, and so is all in it', async (t) => {
  for (const labelled of [undefined, { [labels.uid]: 'another' }]) {
    const world = await createWorld();
    const metadata = { name: own, ...(labelled && { labels: labelled }) };
    const theirs = await world.kubernetes.create({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata,
    });
    await reconcile(world.clients, id);
    t.deepEqual(await world.kubernetes.get(namespaceRef), theirs);
    t.deepEqual(world.kubernetes.all('Secret'), []);
    const { phase, conditions } = await statusOf(world);
    t.is(phase, 'Degraded');
    const condition = conditions?.find(({ type }) => type === 'Namespace');
    t.is(condition?.reason, 'NamespaceTaken');
    t.regex(condition?.message ?? '', /remove it, or give the network another name/);
    await world.kubernetes.remove({ ...ref, name: id.network });
    await reconcile(world.clients, id);
    t.deepEqual(await world.kubernetes.get(namespaceRef), theirs);
  }
});

test('a namespace on its way out is waited for, not filled', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await world.kubernetes.merge(namespaceRef, { metadata: { finalizers: ['kubernetes'] } });
  await world.kubernetes.remove(namespaceRef);
  await t.throwsAsync(reconcile(world.clients, id), {
    instanceOf: Unavailable,
    message: /^namespace: .* is being removed/,
  });
});

test('an object of another, though its name is the one wanted, is neither read nor taken over', async (t) => {
  const taken = [
    ['Secret', 'farm-peer-identity', 'identities'],
    ['Service', 'farm-peer', 'peers'],
    ['ConfigMap', 'genesis-goods', 'identities'],
  ] as const;
  for (const [kind, name, step] of taken) {
    for (const owner of [id.network, undefined]) {
      const world = await createWorld();
      const given = owner === undefined ? {} : { [labels.network]: owner };
      const metadata = { name, namespace: own, labels: given };
      const theirs = await world.kubernetes.create({ apiVersion: 'v1', kind, metadata });
      await reconcile(world.clients, id);
      t.deepEqual(await world.kubernetes.get({ apiVersion: 'v1', kind, ...metadata }), theirs);
      const { phase, conditions } = await statusOf(world);
      t.is(phase, 'Degraded');
      const message = conditions?.find(({ type }) => type.toLowerCase() === step)?.message;
      t.is(message, `there is a ${kind} ${name} that is not of this network`);
    }
  }
});

test('a network goes from a home that is being removed and takes no Lease', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const { kubernetes } = world;
  const refuse = (): Promise<never> => Promise.reject(new Forbidden('it is being terminated'));
  kubernetes.replace = refuse;
  kubernetes.create = refuse;
  await kubernetes.remove({ ...ref, name: id.network });
  await reconcile(world.clients, id);
  t.deepEqual(kubernetes.all('FabricNetwork'), []);
  t.deepEqual(kubernetes.all('Namespace'), []);
});

/** The clock, so long after the network's deletion. */
async function after(world: World, minutes: number): Promise<() => Date> {
  const { deletionTimestamp = '' } = (await networkOf(world)).metadata;
  return () => new Date(Date.parse(deletionTimestamp) + minutes * 60_000);
}

test('a namespace that is slow to go is changed, so that it is looked at again', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const { kubernetes } = world;
  await kubernetes.merge(namespaceRef, { metadata: { finalizers: ['kubernetes'] } });
  kubernetes.onChange = ({ kind, metadata }) => {
    if (kind !== 'Namespace' || !metadata.annotations) return;
    t.truthy(metadata.deletionTimestamp);
    kubernetes.onChange = () => undefined;
    void kubernetes.merge(namespaceRef, { metadata: { finalizers: [] } });
  };
  await kubernetes.remove({ ...ref, name: id.network });
  await reconcile(world.clients, id);
  t.deepEqual(kubernetes.all('Namespace'), []);
  t.deepEqual(kubernetes.all('FabricNetwork'), []);
});

test('a Vault that is lost does not hold a deleted network for ever', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await world.kubernetes.remove({ ...ref, name: id.network });
  world.clients.vault.remove = () => Promise.reject(new Unavailable('sealed'));
  world.clients.now = await after(world, 1);
  await t.throwsAsync(reconcile(world.clients, id), { instanceOf: Unavailable });
  t.deepEqual(world.kubernetes.all('Namespace'), [], 'what needs no Vault is gone');
  t.like(await statusOf(world), { phase: 'Deleting', conditions: [{ message: 'sealed' }] });
  world.clients.now = await after(world, 11);
  await reconcile(world.clients, id);
  t.deepEqual(world.kubernetes.all('FabricNetwork'), []);
});

test('a Lease that is lost ends a removal, however long it has been tried', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await world.kubernetes.remove({ ...ref, name: id.network });
  world.clients.now = await after(world, 11);
  const lost = AbortSignal.abort(new Unavailable('the lease was lost'));
  await t.throwsAsync(removeNetwork(world.clients, await networkOf(world), lost), {
    message: 'the lease was lost',
  });
});
