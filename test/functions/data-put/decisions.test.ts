import test from 'ava';
import {
  chooseTier,
  fateOf,
  heldBy,
  next,
  patience,
  recordLimit,
  type Extent,
} from '../../../functions/data-put/decisions.ts';
import { TooLarge, Unprocessable } from '../../../functions/lib/errors.ts';
import type { Tier } from '../../../functions/lib/events.ts';
import type { Allotment, Intent, StoredCiphertext } from '../../../functions/lib/data/model.ts';
import type { Receipt } from '../../../functions/lib/events.ts';

const tiers: Record<string, [Tier | undefined, string, Extent, Tier | 'too large']> = {
  'JSON is a record': [undefined, 'application/json', 10, 'record'],
  'JSON with parameters is a record': [undefined, 'Application/JSON; charset=utf-8', 10, 'record'],
  'a type that ends in +json is a record': [undefined, 'application/ld+json', 10, 'record'],
  'empty JSON is a record': [undefined, 'application/json', 0, 'record'],
  'JSON of exactly 1 MiB is a record': [undefined, 'application/json', recordLimit, 'record'],
  'JSON over 1 MiB is an object': [undefined, 'application/json', 'more', 'object'],
  'a picture is an object': [undefined, 'image/png', 10, 'object'],
  'a type that only begins like JSON is an object': [undefined, 'application/jsonl', 10, 'object'],
  'no type is an object': [undefined, '', 10, 'object'],
  'what is asked for as a record is one': ['record', 'image/png', 10, 'record'],
  'what is asked for as an object is one': ['object', 'application/json', 10, 'object'],
  'a record over 1 MiB is too large': ['record', 'application/json', 'more', 'too large'],
  'a large object may be asked for': ['object', 'image/png', 'more', 'object'],
};

for (const [name, [wanted, type, extent, expected]] of Object.entries(tiers)) {
  test(name, (t) => {
    const choose = () => chooseTier(wanted, type, extent);
    if (expected === 'too large') t.throws(choose, { instanceOf: TooLarge });
    else t.is(choose(), expected);
  });
}

const MiB = 1024 * 1024;
const held: Record<string, [Extent, number]> = {
  'a small body is held four times': [1000, 4000],
  'of one that goes on three parts are held': ['more', 24 * MiB],
};

for (const [name, [extent, expected]] of Object.entries(held)) {
  test(name, (t) => {
    t.is(heldBy(extent), expected);
  });
}

const since = '2026-01-01T00:00:00.000Z';
const allotment: Allotment = {
  ...{ namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'k', id: 'id' },
  ...{ version: 1, owner: 'alice', tier: 'record', index: 'etcd://x', contentType: 'text/plain' },
  ...{ policy: '', createdAt: since, attempt: 'a', since },
};
const intents = {
  open: { ...allotment, state: 'open' },
  stored: { ...allotment, state: 'stored', stored: {} as StoredCiphertext },
  done: { ...allotment, state: 'done', fingerprint: 'f', receipt: {} as Receipt },
  abandoned: { ...allotment, state: 'abandoned' },
} satisfies Record<Intent['state'], Intent>;
const revised = (value: Intent) => ({ value, revision: '7' });
const request = { key: 'k', contentType: 'text/plain' };

const steps: Record<string, [Intent | undefined, string]> = {
  'an unknown id begins': [undefined, 'begin'],
  'an attempt that was cut off is taken over': [intents.open, 'takeOver'],
  'an attempt that was given up is taken over': [intents.abandoned, 'takeOver'],
  'a whole ciphertext is finished': [intents.stored, 'finish'],
  'what is done is repeated': [intents.done, 'repeat'],
  'an id that was used for another key is refused': [{ ...intents.open, key: 'other' }, 'refused'],
  'an id that was used for another type is refused': [
    { ...intents.done, contentType: 'a/b' },
    'refused',
  ],
};

for (const [name, [intent, expected]] of Object.entries(steps)) {
  test(name, (t) => {
    const decide = () => next(intent && revised(intent), request);
    if (expected === 'refused') t.throws(decide, { instanceOf: Unprocessable });
    else t.is(decide().step, expected as never);
  });
}

test('what is decided about an intent holds for the revision that was read', (t) => {
  t.deepEqual(next(revised(intents.stored), request), {
    step: 'finish',
    intent: { value: intents.stored, revision: '7' },
  });
});

const fates: [Intent['state'], number, string, string][] = [
  ['open', 0, 'leave', 'remove'],
  ['open', patience.open, 'leave', 'remove'],
  ['open', patience.open + 1, 'remove', 'remove'],
  ['stored', patience.stored, 'leave', 'remove'],
  ['stored', patience.stored + 1, 'finish', 'remove'],
  ['done', patience.done, 'leave', 'forget'],
  ['done', patience.done + 1, 'forget', 'forget'],
  ['abandoned', 0, 'remove', 'remove'],
  // A clock that runs behind the writer's.
  ['open', -300_000, 'leave', 'remove'],
];

for (const [state, age, expected, removed] of fates) {
  const now = new Date(new Date(since).getTime() + age);
  test(`the sweep: ${state} for ${age} ms: ${expected}`, (t) => {
    t.is(fateOf(revised(intents[state]), now, false).fate, expected as never);
  });
  test(`the sweep: ${state} for ${age} ms of a removed network: ${removed}`, (t) => {
    t.is(fateOf(revised(intents[state]), now, true).fate, removed as never);
  });
}
