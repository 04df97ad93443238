import test from 'ava';
import {
  isAhead,
  isBehind,
  mismatches,
  unsupported,
  type Known,
} from '../../../functions/data-get/verify.ts';
import { metaDigest, policyDigest } from '../../../functions/lib/data/digests.ts';
import type { Anchored, Head } from '../../../functions/lib/data/fact.ts';
import type { VersionRecord } from '../../../functions/lib/data/model.ts';
import { digestOf, versionFact } from '../../fakes/facts.ts';

const common = {
  index: 'minio://selvedge/x',
  digest: digestOf('x'),
  size: 100,
  owner: 'alice',
  format: 'selvedge-2',
};
const record: VersionRecord = {
  ...common,
  tier: 'object',
  wrapped: 'vault:v1:AAAA',
  contentType: 'text/plain',
  createdAt: '2026-01-01T00:00:00.000Z',
  published: { version: 3, transactionId: 'tx', block: 7 },
};
const anchored: Anchored = {
  ...versionFact('k', { ...common, meta: metaDigest(record) }),
  version: 3,
  transactionId: 'tx',
};

test('what agrees has no differences, published or not', (t) => {
  t.deepEqual(mismatches(record, anchored), []);
  const { published: _, ...fresh } = record;
  t.deepEqual(mismatches(fresh, anchored), []);
});

const changes: Record<string, unknown> = {
  index: 'minio://selvedge/y',
  digest: digestOf('y'),
  size: 101,
  owner: 'bob',
  format: 'selvedge-1',
};

for (const [name, value] of Object.entries(changes)) {
  test(`another ${name} is named, whichever side has it`, (t) => {
    t.deepEqual(mismatches({ ...record, [name]: value }, anchored), [name]);
    t.deepEqual(mismatches(record, { ...anchored, [name]: value }), [name]);
    t.deepEqual(mismatches({ ...record, [name]: undefined }, anchored), [name]);
  });
}

for (const name of ['wrapped', 'contentType', 'createdAt'] as const) {
  test(`another ${name} is found by the digest of the rest`, (t) => {
    for (const value of ['other', undefined]) {
      t.deepEqual(mismatches({ ...record, [name]: value }, anchored), ['meta']);
    }
  });
}

test('members that change places are another rest', (t) => {
  const { contentType, createdAt } = record;
  const swapped = { ...record, contentType: createdAt, createdAt: contentType };
  t.deepEqual(mismatches(swapped, anchored), ['meta']);
});

test('a tier that the index belies is named', (t) => {
  t.deepEqual(mismatches({ ...record, tier: 'record' }, anchored), ['meta', 'tier']);
});

test('what was published is compared with where the chain has it', (t) => {
  const published = { version: 4, transactionId: 'other', block: 7 };
  t.deepEqual(mismatches({ ...record, published }, anchored), ['version', 'transactionId']);
});

test('a number that is text is no match', (t) => {
  t.deepEqual(mismatches({ ...record, size: '100' as never }, anchored), ['size']);
});

const cedar = 'permit (principal, action, resource);';
const head: Head = {
  ...{ owner: 'alice', version: 3, policy: policyDigest(cedar), edition: 1, erased: false },
};
const known = { datum: { owner: 'alice', claims: 3, current: 3 }, policy: cedar };
const erasedAt = '2026-01-01T00:00:00.000Z';

const states: Record<string, [Partial<Known>, Partial<Head>, string | undefined]> = {
  'what the chain supports': [{}, {}, undefined],
  'another policy': [{ policy: `${cedar} ` }, {}, 'the policy is not the one in force'],
  'no policy': [{ policy: undefined }, {}, 'the policy is not the one in force'],
  'a policy that was in force once': [
    {},
    { policy: digestOf('newer'), edition: 2 },
    'the policy is not the one in force',
  ],
  'no datum': [{ datum: undefined }, {}, 'the datum is missing'],
  'another owner': [{}, { owner: 'bob' }, 'the owner is another'],
  'an erasure that the chain does not know': [
    { datum: { ...known.datum, erasedAt } },
    {},
    'it was not erased',
  ],
  'an erasure that it knows': [
    { datum: { ...known.datum, erasedAt } },
    { erased: true },
    undefined,
  ],
};

for (const [name, [etcd, chain, fault]] of Object.entries(states)) {
  test(`${name}: ${fault ?? 'supported'}`, (t) => {
    t.is(unsupported({ ...known, ...etcd }, { ...head, ...chain }), fault);
  });
}

test('etcd is behind or ahead of the chain by the version that it has published', (t) => {
  const at = (current?: number) => ({ owner: 'alice', claims: 9, ...(current && { current }) });
  t.deepEqual(
    [undefined, at(), at(2), at(3), at(4)].map((one) => isBehind(one, head)),
    [true, true, true, false, false],
  );
  t.deepEqual(
    [undefined, at(), at(3), at(4)].map((one) => isAhead(one, head)),
    [false, false, false, true],
  );
  t.deepEqual(
    [undefined, at(), at(1)].map((one) => isAhead(one, undefined)),
    [false, false, true],
  );
});

test('etcd is ahead of the chain by the erasure that it has published', (t) => {
  const erased = { owner: 'alice', claims: 3, erasedAt };
  t.true(isAhead(erased, head));
  t.true(isAhead(erased, undefined));
  t.false(isAhead(erased, { ...head, erased: true }));
});

test('etcd is ahead of the chain by the policy that it has published, the first without a number', (t) => {
  const at = (edition?: number) => ({
    ...{ owner: 'alice', claims: 9, current: 3 },
    ...(edition && { edition }),
  });
  t.deepEqual(
    [at(), at(1), at(2), at(3)].map((one) => isAhead(one, { ...head, edition: 2 })),
    [false, false, false, true],
  );
});
