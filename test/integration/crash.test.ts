/** A put that ends anywhere: what a retry, or else the sweep, makes of it. */
import { randomBytes, randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { patience } from '../../functions/data-put/decisions.ts';
import type { Deps } from '../../functions/data-put/deps.ts';
import { FateOpen, NotFound, Unavailable, Unprocessable } from '../../functions/lib/errors.ts';
import {
  network,
  noOrphans,
  startWorld,
  sweepLater,
  traces,
  type PutOptions,
  type World,
} from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

/** The calls of a put that change something, in their order. */
const calls = {
  record: ['metadata.claim', 'metadata.advance', 'chain.add', 'metadata.publish'],
  object: ['metadata.claim', 'objects.put', 'metadata.advance', 'chain.add', 'metadata.publish'],
} as const;

/** Deps of a process that ends just before or just after a call: from then on nothing answers. */
function mortal(deps: Deps, call: string, moment: 'before' | 'after'): Deps {
  let dead = false;
  const wrap = (name: string): unknown =>
    new Proxy(deps[name as keyof Deps], {
      get: (target, method: string) => {
        const original = Reflect.get(target, method) as unknown;
        if (typeof original !== 'function' || method === 'index') return original;
        return async (...args: unknown[]) => {
          const now = `${name}.${method}` === call;
          if (dead || (now && moment === 'before')) {
            dead = true;
            throw new Error('the process has ended');
          }
          const result: unknown = await original.apply(target, args);
          if (now) {
            dead = true;
            throw new Error('the process has ended');
          }
          return result;
        };
      },
    });
  const wrapped = ['metadata', 'objects', 'keys', 'chain'].map((name) => [name, wrap(name)]);
  return { ...deps, ...(Object.fromEntries(wrapped) as Partial<Deps>) };
}

for (const tier of ['record', 'object'] as const) {
  for (const call of calls[tier]) {
    for (const moment of ['before', 'after'] as const) {
      const options = (): PutOptions & { id: string } => ({ tier, id: randomUUID() });

      test.serial(`${tier}: ended ${moment} ${call}; the same put again succeeds`, async (t) => {
        const { put, get, putDeps } = t.context;
        const [key, body, again] = [randomUUID(), randomBytes(5000), options()];
        const deps = mortal(putDeps, call, moment);
        await t.throwsAsync(put(key, body, { ...again, deps }));
        const receipt = await put(key, body, again);
        t.like(receipt, { key, version: 1, tier });
        t.true(body.equals(await get(key)));
        t.deepEqual(await traces(t.context, key), { datum: true, intents: ['done'], anchored: 1 });
        t.deepEqual(await put(key, body, again), receipt);
        await noOrphans(t, t.context);
      });

      test.serial(
        `${tier}: ended ${moment} ${call}; the sweep finishes or removes it`,
        async (t) => {
          const { put, get, putDeps } = t.context;
          const [key, body] = [randomUUID(), randomBytes(5000)];
          const deps = mortal(putDeps, call, moment);
          await t.throwsAsync(put(key, body, { ...options(), deps }));
          t.is((await sweepLater(t.context, 0)).failed, 0);
          t.is((await sweepLater(t.context, patience.open + 1000)).failed, 0);
          const left = await traces(t.context, key);
          if (left.intents[0] === 'done') {
            t.true(body.equals(await get(key)));
            t.is(left.anchored, 1);
          } else {
            t.deepEqual(left, { datum: false, intents: [], anchored: 0 });
            await t.throwsAsync(get(key), { instanceOf: NotFound });
          }
          await noOrphans(t, t.context);
        },
      );
    }
  }
}

test.serial('ended before the chain knows of it: nothing is visible', async (t) => {
  const { put, get, putDeps } = t.context;
  const key = randomUUID();
  const deps = mortal(putDeps, 'chain.add', 'before');
  await t.throwsAsync(put(key, randomBytes(100), { deps }));
  await t.throwsAsync(get(key), { instanceOf: NotFound });
});

test.serial(
  'the event of a version reaches the Broker by the sweep, once it is taken',
  async (t) => {
    const { put, putDeps } = t.context;
    const key = randomUUID();
    await put(key, randomBytes(100), { deps: { ...putDeps, announce: () => undefined } });
    const { events } = await sweepLater(t.context, 60_000);
    t.is(events.filter(({ data }) => data.key === key).length, 1);
    const after = await sweepLater(t.context, 60_000);
    t.is(after.events.filter(({ data }) => data.key === key).length, 0);
  },
);

test.serial('what is done long ago is forgotten, and its version stays', async (t) => {
  const { put, get } = t.context;
  const [key, body] = [randomUUID(), randomBytes(100)];
  await put(key, body);
  await sweepLater(t.context, patience.done + 1000);
  t.deepEqual((await traces(t.context, key)).intents, []);
  t.true(body.equals(await get(key)));
});

test.serial('an unknown commit that went through is found by its id', async (t) => {
  const { put, get, ledger } = t.context;
  const [key, body] = [randomUUID(), randomBytes(100)];
  ledger.fates.push('unknown, committed');
  const before = ledger.groups.length;
  t.like(await put(key, body), { version: 1 });
  t.is(ledger.groups.length, before + 1);
  t.true(body.equals(await get(key)));
});

test.serial(
  'an unknown commit that was lost is told, and the same put again succeeds',
  async (t) => {
    const { put, get, ledger } = t.context;
    const [key, body, id] = [randomUUID(), randomBytes(100), randomUUID()];
    ledger.fates.push('unknown, lost');
    const error = await t.throwsAsync(put(key, body, { id }), { instanceOf: FateOpen });
    t.truthy(error.retryAfter);
    t.deepEqual((await traces(t.context, key)).intents, ['stored']);
    t.like(await put(key, body, { id }), { version: 1 });
    t.true(body.equals(await get(key)));
  },
);

test.serial('a version that the chain refuses is given up, and leaves no gap', async (t) => {
  const { put, get, ledger } = t.context;
  const [key, body] = [randomUUID(), randomBytes(100)];
  ledger.fates.push('refused');
  await t.throwsAsync(put(key, body), { instanceOf: Unprocessable });
  t.deepEqual((await traces(t.context, key)).intents, []);
  t.is((await put(key, body)).version, 1);
  t.true(body.equals(await get(key)));
  await noOrphans(t, t.context);
});

test.serial('two tries of one put at the same moment store it once', async (t) => {
  const { put, get } = t.context;
  const [key, body, id] = [randomUUID(), randomBytes(100), randomUUID()];
  await Promise.allSettled([put(key, body, { id }), put(key, body, { id })]);
  const receipt = await put(key, body, { id });
  t.like(receipt, { version: 1 });
  t.true(body.equals(await get(key)));
  t.deepEqual(await traces(t.context, key), { datum: true, intents: ['done'], anchored: 1 });
  await noOrphans(t, t.context);
});

test.serial(
  'a peer that refuses to be asked costs no ciphertext that may be anchored',
  async (t) => {
    const { put, get, putDeps } = t.context;
    const [key, body] = [randomUUID(), randomBytes(100)];
    const id = randomUUID();
    await t.throwsAsync(put(key, body, { id, deps: mortal(putDeps, 'chain.add', 'after') }));
    const find = () => Promise.reject(new Unprocessable('the peer knows no such chaincode'));
    const deps = { ...putDeps, chain: { ...putDeps.chain, find } };
    await t.throwsAsync(put(key, body, { id, deps }), { instanceOf: Unavailable });
    t.like(await put(key, body, { id }), { version: 1 });
    t.true(body.equals(await get(key)));
  },
);

test.serial('a put into a network that does not exist leaves nothing', async (t) => {
  const { put, putDeps } = t.context;
  const key = randomUUID();
  const find = () => Promise.reject(new NotFound('there is no such network'));
  const deps = { ...putDeps, networks: { find } };
  await t.throwsAsync(put(key, randomBytes(100), { deps }), { instanceOf: NotFound });
  t.deepEqual(await traces(t.context, key), { datum: false, intents: [], anchored: 0 });
  await noOrphans(t, t.context);
});

test.serial('who takes over an abandoned try does not wait for its transaction', async (t) => {
  const { put, get, putDeps, ledger } = t.context;
  const [key, body] = [randomUUID(), randomBytes(100)];
  const [id, tier] = [randomUUID(), 'object' as const];
  ledger.fates.push('unknown, lost', 'refused');
  await t.throwsAsync(put(key, body, { id, tier }), { instanceOf: FateOpen });
  const deps = mortal(putDeps, 'metadata.forget', 'before');
  await t.throwsAsync(put(key, body, { id, tier, deps }));
  t.deepEqual((await traces(t.context, key)).intents, ['abandoned']);
  t.like(await put(key, body, { id, tier }), { version: 1 });
  t.is((await putDeps.metadata.intent(network, id))?.value.state, 'done');
  t.true(body.equals(await get(key)));
});
