import test from 'ava';
import { pageOf } from '../../../functions/data-get/list.ts';

const own = (key: string) => ({ key, owner: 'alice' });
const erased = (key: string) => ({ ...own(key), erasedAt: '2026-01-01T00:00:00.000Z' });
const other = (key: string) => ({ key, owner: 'bob' });

const pages: Record<string, [Parameters<typeof pageOf>[0], keys: string[], next?: string]> = {
  'nothing where nothing is': [[], []],
  'all that is the caller’s': [
    [own('a'), own('b')],
    ['a', 'b'],
  ],
  'as much as was asked for': [[own('a'), own('b'), own('c')], ['a', 'b'], 'b'],
  'nothing of others': [[other('a'), own('b')], ['b']],
  'nothing that was erased': [[erased('a'), own('b')], ['b']],
  'what is among much of others, and where to go on': [
    [other('a'), own('b'), other('c'), other('d')],
    ['b'],
    'd',
  ],
  'nothing, and where to go on': [['a', 'b', 'c', 'd'].map(other), [], 'd'],
};
for (const [name, [found, keys, next]] of Object.entries(pages)) {
  test(`a page has ${name}`, (t) => {
    t.deepEqual(pageOf(found, { owner: 'alice', limit: 2, most: 4 }), { keys, next });
  });
}
