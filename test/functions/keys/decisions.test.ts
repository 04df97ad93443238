import test from 'ava';
import { holds, isOlder, isSettled, rotationOf } from '../../../functions/keys/decisions.ts';
import type { Intent } from '../../../functions/lib/data/model.ts';

const made = '2026-01-02T12:00:00.000Z';
const after = (minutes: number) => new Date(Date.parse(made) + minutes * 60_000).toISOString();
const rotation = { latest: 2, since: Date.parse(made) };
const version = (number: number) => ({ version: number, createdAt: made });

test('a key rotates while it has more than one version', (t) => {
  t.is(rotationOf(undefined), undefined);
  t.is(rotationOf({ versions: [version(3)], latest: 3 }), undefined);
  const versions = [version(1), version(2)];
  t.deepEqual(rotationOf({ versions, latest: 2 }), rotation);
});

test('what is not of the latest version is older, and what is not Vault’s as well', (t) => {
  for (const text of ['vault:v1:x', 'vault:v0:x', 'vault:x', ''])
    t.true(isOlder(text, rotation), text);
  for (const text of ['vault:v2:x', 'vault:v10:x']) t.false(isOlder(text, rotation), text);
});

const intent = (state: object) => ({ owner: 'alice', since: after(60), ...state }) as Intent;
const stored = (wrapped: string, fingerprint: string) =>
  intent({ state: 'stored', stored: { wrapped, fingerprint } });

const table: Record<string, [Intent, boolean]> = {
  'an open put from before may have its data key from before': [
    intent({ state: 'open', since: after(-1) }),
    true,
  ],
  'an open put from just after may have begun before, by another clock': [
    intent({ state: 'open', since: after(4) }),
    true,
  ],
  'an open put from after has its data key of the latest version': [
    intent({ state: 'open', since: after(6) }),
    false,
  ],
  'a whole ciphertext is read with the key it was written with': [
    stored('vault:v1:x', 'vault:v2:x'),
    true,
  ],
  'a whole ciphertext is known again by its fingerprint': [
    stored('vault:v2:x', 'vault:v1:x'),
    true,
  ],
  'a whole ciphertext of the latest version needs no older one': [
    stored('vault:v2:x', 'vault:v2:x'),
    false,
  ],
  'a put that is done is known again by its fingerprint': [
    intent({ state: 'done', fingerprint: 'vault:v1:x' }),
    true,
  ],
  'a put that is done under the latest version needs no older one': [
    intent({ state: 'done', fingerprint: 'vault:v2:x' }),
    false,
  ],
  'a put that was given up needs no key': [intent({ state: 'abandoned', since: after(-1) }), false],
};

for (const [sentence, [given, expected]] of Object.entries(table)) {
  test(sentence, (t) => t.is(holds(given, rotation), expected));
}

test('a key is looked at again for a quarter of an hour', (t) => {
  for (const [minutes, settled] of [
    [0, false],
    [15, false],
    [16, true],
  ] as const) {
    t.is(isSettled({ since: made }, new Date(after(minutes))), settled, `${minutes} min`);
  }
});
