/** Which data a caller has in a network. */
import { randomUUID } from 'node:crypto';
import anyTest, { type TestFn } from 'ava';
import { mostLooked } from '../../functions/data-get/list.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { keys } from '../../functions/lib/data/datum.ts';
import { dataList } from '../../functions/lib/events.ts';
import { network, startWorld, type ListOptions, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const body = Buffer.from('{}');

/** Every key of every page, and how many pages there were. */
async function all({ list }: World, options: ListOptions) {
  const found: string[] = [];
  let [pages, cursor] = [0, undefined as string | undefined];
  do {
    const page = await list({ ...options, cursor });
    found.push(...dataList.parse(page).items.map(({ key }) => key));
    cursor = page.next;
    pages++;
  } while (cursor !== undefined && pages < 100);
  return { found, pages };
}

test('a caller’s own data are listed in their order, page by page, and those of others are not', async (t) => {
  const { put, list, restrict } = t.context;
  const top = `${randomUUID()}/`;
  const names = ['☃', 'a', 'a b', 'a/b', 'a/c', 'b', '🧵'];
  for (const name of names) await put(`${top}${name}`, body);
  await put(`${top}a/d`, body, { who: 'bob' });
  await put(`${top}a/c`, body);
  // To read is not to own.
  await restrict(`${top}b`, `${ownerOnly} permit (principal, action, resource);`);
  const order = names
    .map((name) => `${top}${name}`)
    .sort((a, b) => (encodeURIComponent(a) < encodeURIComponent(b) ? -1 : 1));
  const whole = await list({ prefix: top });
  t.deepEqual(
    whole.items,
    order.map((key) => ({ key, version: key === `${top}a/c` ? 2 : 1 })),
  );
  t.is(whole.next, undefined);
  t.deepEqual(await all(t.context, { prefix: top, limit: 2 }), { found: order, pages: 4 });
  const below = await list({ prefix: `${top}a/` });
  t.deepEqual(
    below.items.map(({ key }) => key),
    [`${top}a/b`, `${top}a/c`],
  );
  t.deepEqual(await list({ prefix: top, who: 'carol' }), { items: [] });
  // A cursor of another list begins where its own prefix does.
  const { next } = await list({ prefix: top, limit: 1 });
  t.deepEqual((await list({ prefix: `${top}a/`, cursor: next })).items, below.items);
});

test('what was erased, never anchored, or made up is not listed', async (t) => {
  const { put, list, erase, etcd } = t.context;
  const top = `${randomUUID()}/`;
  await put(`${top}there`, body);
  await put(`${top}erased`, body);
  await erase(`${top}erased`);
  const { key } = { key: `${top}bobs` };
  await put(key, body, { who: 'bob' });
  const at = keys.datum({ ...network, key });
  const value = JSON.stringify({ owner: 'id-alice', claims: 1, current: 1 });
  const forge = async (where: string) => {
    const revision = (await etcd.get(where))?.revision ?? '0';
    await etcd.commit({ [where]: revision }, [{ key: where, value }]);
  };
  await forge(at);
  await forge(keys.datum({ ...network, key: `${top}never` }));
  t.deepEqual(await list({ prefix: top }), { items: [{ key: `${top}there`, version: 1 }] });
});

test('among much that is of others a page ends, and says where to go on', async (t) => {
  const { put, list, etcd } = t.context;
  const top = `${randomUUID()}/`;
  const value = JSON.stringify({ owner: 'id-bob', claims: 1, current: 1 });
  for (let n = 0; n < mostLooked; n++) {
    const key = keys.datum({ ...network, key: `${top}a${n}` });
    await etcd.commit({ [key]: '0' }, [{ key, value }]);
  }
  await put(`${top}z`, body);
  const first = await list({ prefix: top });
  t.deepEqual(first.items, []);
  t.truthy(first.next);
  t.deepEqual(await all(t.context, { prefix: top }), { found: [`${top}z`], pages: 2 });
});
