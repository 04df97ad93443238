import test from 'ava';
import type { Receipt } from '../../../functions/lib/events.ts';
import type { Get, Operation, Put, Stored } from '../../../scripts/chaos/history.ts';
import { isClean, judge, type Verdict } from '../../../scripts/chaos/verdict.ts';

const receipt = (version: number, key = 'k'): Receipt => ({
  ...{ network: 'supply', key, version, tier: 'record', index: `etcd://${key}/${version}` },
  ...{
    digest: `digest of ${version}`,
    size: 1,
    owner: 'o',
    transactionId: `t${version}`,
    block: 1,
  },
  createdAt: '2026-01-01T00:00:00Z',
});
const put = (id: string, [started, ended]: [number, number], version?: number): Put => ({
  ...{ kind: 'put', key: 'k', id, started, ended },
  ...(version === undefined ? { failure: 'no' } : { receipt: receipt(version) }),
});
const get = ([started, ended]: [number, number], more: Partial<Get>): Get => ({
  ...{ kind: 'get', key: 'k', started, ended },
  ...more,
});
const stored = (
  version: number,
  body: string | undefined,
  more: Partial<Receipt> = {},
  verified = true,
): Stored => ({ version, body, receipt: { ...receipt(version), ...more }, verified });

interface Case {
  history: Operation[];
  stored: Stored[];
  finds?: Partial<Verdict>;
}

const table: Record<string, Case> = {
  'puts that lie there as they were acknowledged': {
    history: [put('a', [0, 10], 1), put('b', [20, 30], 2), get([40, 50], { body: 'b' })],
    stored: [stored(1, 'a'), stored(2, 'b')],
  },
  'a put that was tried again, and acknowledged once more with the same receipt': {
    history: [put('a', [0, 10]), put('a', [20, 30], 1), put('a', [40, 50], 1)],
    stored: [stored(1, 'a')],
  },
  'a put that nobody acknowledged, and that is there': {
    history: [put('a', [0, 10], 1), put('b', [20, 30])],
    stored: [stored(1, 'a'), stored(2, 'b')],
    finds: { acknowledged: 1, unresolved: 1 },
  },
  'one that is not': {
    history: [put('a', [0, 10], 1), put('b', [20, 30])],
    stored: [stored(1, 'a')],
    finds: { acknowledged: 1, unresolved: 1 },
  },
  'a failed try that used up a version': {
    history: [put('a', [0, 10], 1), put('b', [20, 30]), put('b', [40, 50], 3)],
    stored: [stored(1, 'a'), stored(3, 'b')],
  },
  'puts at the same time, in whichever order': {
    history: [put('a', [0, 30], 2), put('b', [10, 20], 1)],
    stored: [stored(1, 'b'), stored(2, 'a')],
  },
  'a put that began with a try that failed before another was acknowledged': {
    history: [put('a', [0, 10]), put('b', [20, 30], 2), put('a', [40, 50], 1)],
    stored: [stored(1, 'a'), stored(2, 'b')],
  },
  'a read of an older version by its number': {
    history: [
      put('a', [0, 10], 1),
      put('b', [20, 30], 2),
      get([40, 50], { version: 1, body: 'a' }),
    ],
    stored: [stored(1, 'a'), stored(2, 'b')],
  },
  'a read that began before the newer version was acknowledged': {
    history: [put('a', [0, 10], 1), put('b', [20, 30], 2), get([25, 50], { body: 'a' })],
    stored: [stored(1, 'a'), stored(2, 'b')],
  },
  'an acknowledged put that is not there': {
    history: [put('a', [0, 10], 1), put('b', [20, 30], 2)],
    stored: [stored(1, 'a')],
    finds: { lost: ['b, acknowledged as version 2 of k, is not there'] },
  },
  'one under whose version another lies': {
    history: [put('a', [0, 10], 1)],
    stored: [stored(1, 'x')],
    finds: { lost: ['a, acknowledged as version 1 of k, has the body of x'] },
  },
  'one with another receipt than it was given': {
    history: [put('a', [0, 10], 1)],
    stored: [stored(1, 'a', { transactionId: 'x', block: 2 })],
    finds: {
      lost: ['a, acknowledged as version 1 of k, has another receipt: transactionId, block'],
    },
  },
  'one that the chain has otherwise': {
    history: [put('a', [0, 10], 1)],
    stored: [stored(1, 'a', {}, false)],
    finds: { lost: ['a, acknowledged as version 1 of k, does not match the chain'] },
  },
  'a read of bytes that nobody put': {
    history: [put('a', [0, 10], 1), get([20, 30], { body: undefined })],
    stored: [stored(1, 'a')],
    finds: { lost: ['k was read with a body nobody put'] },
  },
  'two receipts for one idempotency key': {
    history: [put('a', [0, 10], 1), put('a', [20, 30], 2)],
    stored: [stored(1, 'a'), stored(2, 'x')],
    finds: { duplicated: ['a of k has two receipts: version, index, digest, transactionId'] },
  },
  'two puts acknowledged as one version': {
    history: [put('a', [0, 10], 1), put('b', [0, 10], 1)],
    stored: [stored(1, 'a')],
    finds: {
      lost: ['b, acknowledged as version 1 of k, has the body of a'],
      duplicated: ['a and b are both version 1'],
    },
  },
  'one body under two versions': {
    history: [put('a', [0, 10], 1)],
    stored: [stored(1, 'a'), stored(2, 'a')],
    finds: { duplicated: ['a lies in k as versions 1, 2'] },
  },
  'versions left out though no try failed': {
    history: [put('a', [0, 10], 1), put('b', [20, 30], 3)],
    stored: [stored(1, 'a'), stored(3, 'b')],
    finds: { duplicated: ['k lacks 1 versions, and 0 tries failed'] },
  },
  'a lower version that began after a higher was acknowledged': {
    history: [put('a', [0, 10], 2), put('b', [20, 30], 1)],
    stored: [stored(1, 'b'), stored(2, 'a')],
    finds: { reordered: ['version 1 of k began after version 2 was acknowledged'] },
  },
  'the same with another between them': {
    history: [put('c', [0, 10], 3), put('a', [20, 60], 1), put('b', [5, 50], 2)],
    stored: [stored(1, 'a'), stored(2, 'b'), stored(3, 'c')],
    finds: { reordered: ['version 1 of k began after version 3 was acknowledged'] },
  },
  'a read that does not see what was acknowledged': {
    history: [put('a', [0, 10], 1), put('b', [20, 30], 2), get([40, 50], { body: 'a' })],
    stored: [stored(1, 'a'), stored(2, 'b')],
    finds: { reordered: ['k was read as version 1 after 2 was there'] },
  },
  'a version that is read as another': {
    history: [
      put('a', [0, 10], 1),
      put('b', [20, 30], 2),
      get([40, 50], { version: 2, body: 'a' }),
    ],
    stored: [stored(1, 'a'), stored(2, 'b')],
    finds: { reordered: ['version 2 of k was read as 1'] },
  },
};

const none = { lost: [], duplicated: [], reordered: [] };

for (const [title, { history, stored: versions, finds = {} }] of Object.entries(table)) {
  const bad = Object.values(finds).some((one) => typeof one !== 'number');
  test(`${bad ? 'found' : 'let pass'}: ${title}`, (t) => {
    const verdict = judge(history, new Map([['k', versions]]));
    t.like(verdict, { ...none, ...finds });
    t.is(isClean(verdict), !bad);
  });
}

test('of puts that were acknowledged and a key that is gone, all are lost', (t) => {
  t.is(judge([put('a', [0, 10], 1), put('b', [20, 30], 2)], new Map()).lost.length, 2);
});
