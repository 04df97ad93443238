import test from 'ava';
import { fateOfErasure, type ErasureFate } from '../../../functions/data-put/sweep-erasures.ts';
import type { Head } from '../../../functions/lib/data/fact.ts';
import { digestOf } from '../../fakes/facts.ts';

const now = new Date('2026-01-01T01:00:00.000Z');
const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();
const head: Head = {
  ...{ owner: 'alice', version: 3, policy: digestOf('policy'), edition: 1, erased: false },
};
const erased = { ...head, erased: true };

const fates: Record<string, [since: string, Head | undefined, ErasureFate]> = {
  'what the chain says is erased is removed': [ago(61), erased, { fate: 'finish', head: erased }],
  'the same however long ago it was begun': [
    ago(16 * 60),
    erased,
    { fate: 'finish', head: erased },
  ],
  'what the chain may yet get is left': [ago(61), head, { fate: 'leave' }],
  'what the chain did not get is called off, and never sent': [
    ago(16 * 60),
    head,
    { fate: 'callOff' },
  ],
  'of a datum that the chain does not know nothing is removed': [
    ago(16 * 60),
    undefined,
    { fate: 'callOff' },
  ],
};
for (const [name, [since, known, fate]] of Object.entries(fates)) {
  test(`the sweep of an erasure: ${name}`, (t) => {
    t.deepEqual(fateOfErasure({ since }, known, now), fate);
  });
}
