import test from 'ava';
import { fromKept, toKept } from '../../../../functions/lib/data/kept-intent.ts';
import type {
  Allotment,
  StoredIntent,
  VersionRecord,
} from '../../../../functions/lib/data/model.ts';

const allotment: Allotment = {
  ...{ namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a', id: '1' },
  ...{ owner: 'alice', policy: 'sha256:ab', tier: 'record', index: 'etcd://x' },
  ...{ contentType: 'text/plain', createdAt: '2026-01-01T00:00:00.000Z' },
  ...{ attempt: 'a', since: '2026-01-01T00:00:00.000Z' },
};
const stored: StoredIntent = {
  ...{ ...allotment, state: 'stored', pending: 'tx' },
  stored: { digest: 'sha256:cd', size: 64, wrapped: 'vault:v1:AAAA', fingerprint: 'f' },
};
const record: VersionRecord = {
  ...{ tier: 'record', index: 'etcd://x', digest: 'sha256:cd', size: 64, owner: 'alice' },
  ...{ wrapped: 'vault:v1:AAAA', format: 'f1', contentType: 'text/plain', createdAt: '' },
};

test('a put is kept without its wrapped key, and is whole again with its record', (t) => {
  const kept = toKept(stored);
  t.false(JSON.stringify(kept).includes('vault:v1:'));
  t.deepEqual(fromKept(kept, record), stored);
});

test('a put whose record is gone is given up, and its ciphertext was whole once', (t) => {
  t.deepEqual(fromKept(toKept(stored), undefined), {
    ...{ ...allotment, state: 'abandoned', onceStored: true },
  });
});

test('a put whose ciphertext is not whole is kept as it is', (t) => {
  const open = { ...allotment, state: 'open' } as const;
  t.is(toKept(open), open);
  t.is(fromKept(open, undefined), open);
});

test('what an earlier build kept is read as it is', (t) => {
  t.deepEqual(fromKept(stored as never, undefined), stored);
});
