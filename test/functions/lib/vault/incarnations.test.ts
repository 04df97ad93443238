import test from 'ava';
import { createIncarnations } from '../../../../functions/lib/vault/incarnations.ts';

/** KV version 2, as far as it is used. */
function kv() {
  const entries = new Map<string, Record<string, unknown>>();
  const nameOf = (path: string): string => path.split('/').slice(3).join('/');
  return {
    entries,
    read: (path: string) => Promise.resolve(entries.get(nameOf(path))),
    write: (path: string, body: Record<string, unknown> = {}) => {
      entries.set(nameOf(path), body);
      return Promise.resolve(undefined);
    },
    list: (path: string) =>
      Promise.resolve(path === 'selvedge/metadata/incarnations' ? [...entries.keys()] : []),
    remove: (path: string) => {
      entries.delete(nameOf(path));
      return Promise.resolve();
    },
  };
}

const gone = {
  incarnation: '0f6c',
  namespace: 'selvedge',
  network: 'supply',
  removed: '2026-01-01T00:00:00.000Z',
};

test('a network that was removed is known until it is forgotten', async (t) => {
  const incarnations = createIncarnations(kv());
  t.deepEqual(await incarnations.removed(), []);
  await incarnations.bury(gone);
  await incarnations.bury(gone);
  t.deepEqual(await incarnations.removed(), [gone]);
  await incarnations.forget(gone.incarnation);
  await incarnations.forget(gone.incarnation);
  t.deepEqual(await incarnations.removed(), []);
});

test('what is no order to erase is passed over', async (t) => {
  const vault = kv();
  const incarnations = createIncarnations(vault);
  await incarnations.bury(gone);
  vault.entries.set('half', { data: { state: 'removed' } });
  vault.entries.set('other', { data: { ...gone, state: 'present' } });
  vault.entries.set('deleted', { data: null });
  t.deepEqual(await incarnations.removed(), [gone]);
});
