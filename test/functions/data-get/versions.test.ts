import test from 'ava';
import { listed, numbersOf } from '../../../functions/data-get/versions.ts';
import { ciphertextSize } from '../../../functions/lib/data/cipher.ts';
import { metaDigest } from '../../../functions/lib/data/digests.ts';
import type { Anchored } from '../../../functions/lib/data/fact.ts';
import type { VersionRecord } from '../../../functions/lib/data/model.ts';
import { digestOf, versionFact } from '../../fakes/facts.ts';

const pages: Record<
  string,
  [current: number, limit: number, before: number | undefined, numbers: number[], next?: string]
> = {
  'all there are': [3, 20, undefined, [3, 2, 1]],
  'as many as there are': [3, 3, undefined, [3, 2, 1]],
  'the newest of them': [5, 2, undefined, [5, 4], '4'],
  'those before': [5, 2, 4, [3, 2], '2'],
  'the last one': [5, 2, 2, [1]],
  'none before the first': [5, 2, 1, []],
  'the newest where the page would begin past them': [2, 1, 900, [2], '2'],
};
for (const [name, [current, limit, before, numbers, next]] of Object.entries(pages)) {
  test(`a page has ${name}`, (t) => {
    t.deepEqual(numbersOf(current, { limit, before }), { numbers, next });
  });
}

const common = {
  ...{ index: 'minio://selvedge/x', digest: digestOf('x'), size: ciphertextSize(100) },
  ...{ owner: 'alice', format: 'selvedge-2' },
};
const record: VersionRecord = {
  ...common,
  ...{ tier: 'object', wrapped: 'vault:v1:AAAA', contentType: 'text/plain' },
  createdAt: '2026-01-01T00:00:00.000Z',
  published: { version: 3, transactionId: 'tx', block: 7 },
};
const anchored: Anchored = {
  ...versionFact('k', { ...common, meta: metaDigest(record) }),
  ...{ version: 3, transactionId: 'tx' },
};
const byChain = {
  ...{ version: 3, tier: 'object', digest: common.digest, size: 100 },
  transactionId: 'tx',
} as const;
const byRecord = { contentType: 'text/plain', createdAt: record.createdAt };
const { published: _, ...fresh } = record;

/** As callers get it: what is not known is left out. */
const asJson = (value: object): unknown => JSON.parse(JSON.stringify(value));

const lists: Record<string, [ReturnType<typeof listed>, object]> = {
  'what chain and record have, where they agree': [
    listed(anchored, record, 7),
    { ...byChain, ...byRecord, block: 7, verified: true },
  ],
  'the same before it is published': [
    listed(anchored, fresh, 7),
    { ...byChain, ...byRecord, block: 7, verified: true },
  ],
  'what the chain has alone, where the record is missing': [
    listed(anchored, undefined, 7),
    { ...byChain, block: 7, verified: false },
  ],
  'nothing of a record that the chain belies': [
    listed(anchored, { ...record, contentType: 'text/html' }, 7),
    { ...byChain, block: 7, verified: false },
  ],
  'that a transaction is not where it was published': [
    listed(anchored, record, 8),
    { ...byChain, ...byRecord, block: 8, verified: false },
  ],
  'no block, where nobody knows it': [
    listed(anchored, record, undefined),
    { ...byChain, ...byRecord, verified: false },
  ],
};
for (const [name, [given, expected]] of Object.entries(lists)) {
  test(`a version is told as ${name}`, (t) => t.deepEqual(asJson(given), expected));
}

test('of a fact that was made up nothing is told that cannot be', (t) => {
  const made = { ...anchored, index: 'nowhere', size: 1 };
  const { digest } = common;
  t.deepEqual(asJson(listed(made, undefined, 7)), {
    ...{ version: 3, digest, transactionId: 'tx', block: 7, verified: false },
  });
});
