import test from 'ava';
import { Unavailable } from '../../../../functions/lib/errors.ts';
import { VaultRefusal } from '../../../../functions/lib/vault/client.ts';
import { createNameKeys } from '../../../../functions/lib/vault/name-keys.ts';

/** A KV that takes a value once, as check-and-set has it. */
function vault(kept = new Map<string, unknown>()) {
  const dataOf = (path: string) => path.replace('/metadata/', '/data/');
  return {
    kept,
    read: (path: string) => {
      const data = kept.get(dataOf(path));
      return Promise.resolve(data === undefined ? undefined : { data });
    },
    write: (path: string, { data }: Record<string, unknown> = {}) => {
      if (kept.has(path)) return Promise.reject(new VaultRefusal(400, 'check-and-set', path));
      kept.set(path, data);
      return Promise.resolve(undefined);
    },
    remove: (path: string) => Promise.resolve(void kept.delete(dataOf(path))),
  };
}

test('a key is made once, and each network has its own', async (t) => {
  const keys = createNameKeys(vault());
  t.false(await keys.has('uid-1'));
  await keys.make('uid-1');
  t.true(await keys.has('uid-1'));
  const first = await keys.read('uid-1');
  t.is(first.length, 32);
  await keys.make('uid-1');
  t.deepEqual(await keys.read('uid-1'), first);
  await keys.make('uid-2');
  t.notDeepEqual(await keys.read('uid-2'), first);
  await keys.remove('uid-1');
  t.false(await keys.has('uid-1'));
});

test('a refusal that has another reason is told', async (t) => {
  const refused = () => Promise.reject(new VaultRefusal(403, 'permission denied', 'x'));
  const keys = createNameKeys({ ...vault(), write: refused });
  await t.throwsAsync(keys.make('uid-1'), { instanceOf: VaultRefusal });
});

for (const [name, data] of Object.entries({
  'no key': undefined,
  'a key that is too short': { key: 'AAAA' },
  'what is no key': { key: 7 },
})) {
  test(`${name} is never used, nor told`, async (t) => {
    const keys = createNameKeys(vault(new Map([['selvedge/data/names/uid-1', data]])));
    const error = await t.throwsAsync(keys.read('uid-1'), { instanceOf: Unavailable });
    t.notRegex(error.message, /AAAA/);
  });
}
