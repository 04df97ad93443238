import test from 'ava';
import { mismatches } from '../../../functions/data-get/verify.ts';
import type { Anchored } from '../../../functions/lib/data/fact.ts';
import type { VersionRecord } from '../../../functions/lib/data/model.ts';

const common = {
  version: 3,
  index: 'minio://selvedge/x',
  digest: `sha256:${'00'.repeat(32)}`,
  size: 100,
  owner: 'alice',
  format: 'selvedge-1',
  transactionId: 'tx',
};
const record: VersionRecord = {
  ...common,
  tier: 'object',
  wrapped: 'vault:v1:AAAA',
  contentType: 'text/plain',
  createdAt: '2026-01-01T00:00:00.000Z',
  block: 7,
};
const ref = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'k' };
const anchored: Anchored = { ...common, incarnation: 'uid-1', key: 'k' };

test('what agrees has no differences', (t) => {
  t.deepEqual(mismatches(ref, record, anchored), []);
});

const changes: Record<string, unknown> = {
  version: 4,
  index: 'minio://selvedge/y',
  digest: `sha256:${'11'.repeat(32)}`,
  size: 101,
  owner: 'bob',
  format: 'selvedge-2',
  transactionId: 'other',
};

for (const [name, value] of Object.entries(changes)) {
  test(`another ${name} is named, whichever side has it`, (t) => {
    t.deepEqual(mismatches(ref, { ...record, [name]: value }, anchored), [name]);
    t.deepEqual(mismatches(ref, record, { ...anchored, [name]: value }), [name]);
    t.deepEqual(mismatches(ref, { ...record, [name]: undefined }, anchored), [name]);
  });
}

test('a fact of another datum is named', (t) => {
  t.deepEqual(mismatches({ ...ref, key: 'other' }, record, anchored), ['key']);
  const before = { ...ref, incarnation: 'uid-0' };
  t.deepEqual(mismatches(before, record, anchored), ['incarnation']);
});

test('a tier that the index belies is named', (t) => {
  t.deepEqual(mismatches(ref, { ...record, tier: 'record' }, anchored), ['tier']);
});

test('a number that is text is no match', (t) => {
  t.deepEqual(mismatches(ref, { ...record, size: '100' as never }, anchored), ['size']);
});
