/** A function that is killed at any call it makes, before it or just after: the next run carries on. */
import { randomBytes, randomUUID } from 'node:crypto';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { patience } from '../../functions/data-put/decisions.ts';
import type { Deps } from '../../functions/data-put/deps.ts';
import { lateness } from '../../functions/data-put/sweep-networks.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { networkPrefixes, objectPrefix } from '../../functions/lib/data/datum.ts';
import type { Tier } from '../../functions/lib/events.ts';
import { Gone, NotFound } from '../../functions/lib/errors.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { createIncarnations } from '../../functions/lib/vault/incarnations.ts';
import { leftOf } from './erased.ts';
import { network, noOrphans, startWorld, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

/** When a process ends: just before or just after its nth call. */
interface End {
  call: number;
  moment: 'before' | 'after';
}

/** Dependencies of a process that ends then: from there on nothing answers. */
function mortal(deps: Deps, { call, moment }: End): { deps: Deps; hasEnded: () => boolean } {
  let [count, dead] = [0, false];
  const end = (): never => {
    dead = true;
    throw new Error('the process has ended');
  };
  const wrap = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const original: unknown = Reflect.get(target, name);
        // Lists are read as they go: what is done with their items is what counts.
        if (
          typeof original !== 'function' ||
          ['intents', 'proposals', 'erasures', 'outbox'].includes(String(name))
        )
          return original;
        return async (...args: unknown[]): Promise<unknown> => {
          // Others may be made while it is under way.
          const mine = ++count === call;
          if (dead || (mine && moment === 'before')) end();
          const result: unknown = await Reflect.apply(original, target, args);
          return mine ? end() : result;
        };
      },
    });
  const wrapped = {
    ...deps,
    metadata: wrap(deps.metadata),
    objects: wrap(deps.objects),
    keys: wrap(deps.keys),
    chain: wrap(deps.chain),
    incarnations: wrap(deps.incarnations),
  };
  return { deps: wrapped, hasEnded: () => dead };
}

/** Prepares afresh, and gives what is done, the clock it is done at, and what must hold at last. */
type Scenario = (world: World) => Promise<{
  run: (deps: Deps) => Promise<unknown>;
  ahead?: number;
  /** What must hold before the next run, too. */
  meanwhile?: (t: ExecutionContext<World>) => Promise<void>;
  holds: (t: ExecutionContext<World>) => Promise<void>;
}>;

/** A put that ended just before its nth call. */
async function cutOff(world: World, key: string, options: object, call: number): Promise<void> {
  const { deps } = mortal(world.putDeps, { call, moment: 'before' });
  await world.put(key, body, { ...options, deps }).catch(() => undefined);
}

const body = randomBytes(5000);

async function stateOf({ putDeps }: World, key: string): Promise<string[]> {
  const states: string[] = [];
  for await (const { value } of putDeps.metadata.intents()) {
    if (value.key === key) states.push(value.state);
  }
  return states;
}

const lastOpen = new Map<Tier, number>();

/** The call of a put that says that its ciphertext is whole: killed before, it is open to the end. */
async function callThatStores(world: World, tier: Tier): Promise<number> {
  for (let call = 2; !lastOpen.has(tier); call++) {
    const key = randomUUID();
    await cutOff(world, key, { tier }, call);
    if ((await stateOf(world, key))[0] === 'stored') lastOpen.set(tier, call - 1);
    if (call > 30) throw new Error('a put never stores its ciphertext');
  }
  world.ahead.ms += patience.open + 1000;
  await world.sweep();
  world.ahead.ms -= patience.open + 1000;
  return lastOpen.get(tier) ?? 0;
}

/** The datum is there once, whole, and nothing else is left of it. */
const isStored = (key: string) => async (t: ExecutionContext<World>) => {
  t.true(body.equals(await t.context.get(key)));
  t.deepEqual(await stateOf(t.context, key), ['done']);
  const { names, ledger } = t.context;
  t.is(ledger.versionsOf(await names.idOf({ ...network, key })), 1);
  await noOrphans(t, t.context);
};

const scenarios: Record<string, Scenario> = {};

for (const tier of ['record', 'object'] as const) {
  scenarios[`a put of one ${tier}`] = (world) => {
    const [key, options] = [randomUUID(), { tier, id: randomUUID() }];
    const run = (deps: Deps) => world.put(key, body, { ...options, deps });
    return Promise.resolve({ run, holds: isStored(key) });
  };

  scenarios[`a put of one ${tier} that takes over from one that was cut off`] = async (world) => {
    const [key, options] = [randomUUID(), { tier, id: randomUUID() }];
    await cutOff(world, key, options, await callThatStores(world, tier));
    const run = (deps: Deps) => world.put(key, body, { ...options, deps });
    return { run, holds: isStored(key) };
  };

  scenarios[`a sweep that finishes one ${tier}`] = async (world) => {
    const key = randomUUID();
    await cutOff(world, key, { tier }, (await callThatStores(world, tier)) + 1);
    if ((await stateOf(world, key))[0] !== 'stored') throw new Error('it is not stored');
    return { run: world.sweep, ahead: patience.stored + 1000, holds: isStored(key) };
  };

  scenarios[`a sweep that removes one ${tier}`] = async (world) => {
    const key = randomUUID();
    await cutOff(world, key, { tier }, await callThatStores(world, tier));
    const holds = async (t: ExecutionContext<World>) => {
      t.deepEqual(await stateOf(world, key), []);
      await t.throwsAsync(world.get(key), { instanceOf: NotFound });
      await noOrphans(t, t.context);
    };
    return { run: world.sweep, ahead: patience.open + 1000, holds };
  };
}

const open = `${ownerOnly}@id("open") permit (principal, action == Action::"read", resource);`;

/** Two policies after the first: bob may read by the last. */
const isOpen = (key: string, edition: number) => async (t: ExecutionContext<World>) => {
  t.is(await t.context.policy(key), open);
  t.true(body.equals(await t.context.get(key, { who: 'bob' })));
  t.is((await t.context.verify(key)).head.edition, edition);
  t.is((await t.context.put(key, body)).version, 2);
  await noOrphans(t, t.context);
};

/** What is in force is the policy before, or the one after: for all that it decides, at once. */
const isEither = (key: string) => async (t: ExecutionContext<World>) => {
  const policy = await t.context.policy(key);
  t.true([ownerOnly, open].includes(policy), policy);
  const reading = t.context.get(key, { who: 'bob' });
  if (policy === open) t.true(body.equals(await reading));
  else await t.throwsAsync(reading, { instanceOf: NotFound });
  t.true(body.equals(await t.context.get(key)));
};

scenarios['a change of policy'] = async (world) => {
  const key = randomUUID();
  await world.put(key, body);
  const run = (deps: Deps) => world.restrict(key, open, { deps, ifMatch: '"1"' });
  return { run, meanwhile: isEither(key), holds: isOpen(key, 2) };
};

scenarios['a batch of three records'] = (world) => {
  const [id, keys] = [randomUUID(), [randomUUID(), randomUUID(), randomUUID()]];
  const given = Object.fromEntries(keys.map((key, n) => [key, { n }]));
  const run = (deps: Deps) => world.batch(given, { id, deps });
  const holds = async (t: ExecutionContext<World>) => {
    const { names, ledger } = world;
    const items = await run(world.putDeps);
    t.deepEqual(
      items.map(({ key, status }) => [key, status]),
      keys.map((key) => [key, 201]),
    );
    for (const key of keys) {
      t.deepEqual(JSON.parse((await world.get(key)).toString()), given[key]);
      t.deepEqual(await stateOf(world, key), ['done']);
      t.is(ledger.versionsOf(await names.idOf({ ...network, key })), 1);
    }
    await noOrphans(t, world);
  };
  return Promise.resolve({ run, holds });
};

scenarios['a sweep after a batch that was cut off'] = async (world) => {
  const keys = [randomUUID(), randomUUID(), randomUUID()];
  const given = Object.fromEntries(keys.map((key, n) => [key, { n }]));
  const addAll = () => Promise.reject(new Error('the process has ended'));
  const chain = { ...world.putDeps.chain, addAll };
  await world.batch(given, { deps: { ...world.putDeps, chain } });
  const holds = async (t: ExecutionContext<World>) => {
    for (const key of keys) {
      t.deepEqual(JSON.parse((await world.get(key)).toString()), given[key]);
      t.deepEqual(await stateOf(world, key), ['done']);
    }
    await noOrphans(t, world);
  };
  return { run: world.sweep, ahead: patience.stored + 1000, holds };
};

/** A change of policy that ends at a call, as if the process had. */
async function changeCutOff(world: World, key: string, call: 'amend' | 'enact'): Promise<void> {
  const { putDeps } = world;
  const end = () => Promise.reject(new Error('the process has ended'));
  const deps = {
    ...putDeps,
    ...(call === 'amend' && { chain: { ...putDeps.chain, amend: end } }),
    ...(call === 'enact' && { metadata: { ...putDeps.metadata, enact: end } }),
  };
  await world.restrict(key, open, { deps }).catch(() => undefined);
}

scenarios['a sweep that publishes a policy'] = async (world) => {
  const key = randomUUID();
  await world.put(key, body);
  await changeCutOff(world, key, 'enact');
  const ahead = patience.stored + 1000;
  return { run: world.sweep, ahead, meanwhile: isOpenNow(key), holds: isOpen(key, 2) };
};

const isOpenNow = (key: string) => async (t: ExecutionContext<World>) => {
  t.is(await t.context.policy(key), open);
};

scenarios['a sweep that removes a policy that the chain never got'] = async (world) => {
  const key = randomUUID();
  await world.put(key, body);
  await changeCutOff(world, key, 'amend');
  const holds = async (t: ExecutionContext<World>) => {
    t.is(await t.context.policy(key), ownerOnly);
    await t.throwsAsync(t.context.get(key, { who: 'bob' }), { instanceOf: NotFound });
    await noOrphans(t, t.context);
  };
  return { run: world.sweep, ahead: patience.open + 1000, meanwhile: isEither(key), holds };
};

/** Two versions, one of each tier, two policies, and a put whose version is anchored and not published. */
async function erasable(world: World) {
  const key = randomUUID();
  await world.put(key, body, { tier: 'record' });
  await world.put(key, body, { tier: 'object' });
  await world.restrict(key, open);
  const publish = () => Promise.reject(new Error('the process has ended'));
  const { putDeps } = world;
  const deps = { ...putDeps, metadata: { ...putDeps.metadata, publish } };
  await world.put(key, body, { deps }).catch(() => undefined);
  return key;
}

/** It is there as a whole, or it is gone. */
const isWholeOrGone = (key: string) => async (t: ExecutionContext<World>) => {
  const reading = t.context.get(key).then(
    (read) => read.equals(body),
    (error: unknown) => error instanceof Gone,
  );
  t.true(await reading);
  t.false(t.context.audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
};

/** Nothing is left of it, but that it was, and who may know. */
const isErased = (key: string) => async (t: ExecutionContext<World>) => {
  await t.throwsAsync(t.context.get(key), { instanceOf: Gone });
  await t.throwsAsync(t.context.put(key, body), { instanceOf: Gone });
  t.context.ahead.ms += patience.open + 1000;
  t.is((await t.context.sweep()).failed, 0);
  t.context.ahead.ms -= patience.open + 1000;
  t.deepEqual(await leftOf(t.context, key), ['selvedge/v1/data/', 'selvedge/v1/policies/']);
  await noOrphans(t, t.context);
};

scenarios['an erasure'] = async (world) => {
  const key = await erasable(world);
  const run = (deps: Deps) => world.erase(key, { deps });
  return { run, meanwhile: isWholeOrGone(key), holds: isErased(key) };
};

scenarios['a sweep that finishes an erasure'] = async (world) => {
  const key = await erasable(world);
  const { putDeps } = world;
  const close = () => Promise.reject(new Error('the process has ended'));
  const deps = { ...putDeps, metadata: { ...putDeps.metadata, close } };
  await world.erase(key, { deps }).catch(() => undefined);
  const ahead = patience.stored + 1000;
  return { run: world.sweep, ahead, meanwhile: isGone(key), holds: isErased(key) };
};

const isGone = (key: string) => async (t: ExecutionContext<World>) => {
  await t.throwsAsync(t.context.get(key), { instanceOf: Gone });
};

scenarios['a sweep that erases a removed network'] = async (world) => {
  const gone = { ...network, incarnation: randomUUID() };
  const deps = { ...world.putDeps, networks: { find: () => Promise.resolve(gone) } };
  for (const tier of ['record', 'object'] as const)
    await world.put(randomUUID(), body, { tier, deps });
  const { bury } = createIncarnations(connectVault(world.vault.as('provisioning')));
  await bury({ ...gone, removed: world.putDeps.now().toISOString() });
  const holds = async (t: ExecutionContext<World>) => {
    for (const prefix of networkPrefixes(gone))
      t.deepEqual(await world.etcd.list(prefix, 10), [], prefix);
    const objects = world.minio.client().listObjectsV2('selvedge', objectPrefix(gone), true);
    t.deepEqual(await objects.toArray(), []);
    t.deepEqual(await world.putDeps.incarnations.removed(), []);
  };
  return { run: world.sweep, ahead: lateness + 1000, holds };
};

for (const [name, scenario] of Object.entries(scenarios)) {
  test.serial(`${name}, killed at any call: the next run carries on`, async (t) => {
    const world = t.context;
    let ends = 0;
    for (let call = 1, survived = false; !survived; call++) {
      for (const moment of ['before', 'after'] as const) {
        const { run, ahead = 0, meanwhile, holds } = await scenario(world);
        world.ahead.ms += ahead;
        const { deps, hasEnded } = mortal(world.putDeps, { call, moment });
        await run(deps).catch(() => undefined);
        if (hasEnded()) ends++;
        else survived = true;
        await meanwhile?.(t);
        await run(world.putDeps);
        world.ahead.ms -= ahead;
        await holds(t);
      }
    }
    // Twice at each of two calls, at the least: a look, and the one change that a record needs.
    t.true(ends >= 4, `it ended ${ends} times`);
  });
}
