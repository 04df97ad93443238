import test from 'ava';
import { describe } from '../../../functions/keys/status.ts';

const at = '2026-01-02T03:04:05.000Z';
const key = { versions: [{ version: 1, createdAt: at }], latest: 1 };
const two = { versions: [...key.versions, { version: 2, createdAt: at }], latest: 2 };
const gone = { state: 'destroyed' as const, versions: [] };

const table: Record<string, [Parameters<typeof describe>, ReturnType<typeof describe>]> = {
  'of who never put there is no key': [[undefined, undefined], undefined],
  'a key is told with since when': [[{}, key], { state: 'active', versions: key.versions }],
  'a key counts before its note is written': [
    [undefined, key],
    { state: 'active', versions: key.versions },
  ],
  'a key rotates while an older version opens something': [
    [{}, two],
    { state: 'rotating', versions: two.versions },
  ],
  'a key is destroyed from its note on': [[{ destroyedAt: at }, key], { ...gone, destroyedAt: at }],
  'a destroyed key stays destroyed': [
    [{ destroyedAt: at }, undefined],
    { ...gone, destroyedAt: at },
  ],
  'a key that is missing in spite of its note was destroyed': [[{}, undefined], gone],
};

for (const [sentence, [given, expected]] of Object.entries(table)) {
  test(sentence, (t) => t.deepEqual(describe(...given), expected));
}
