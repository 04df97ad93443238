import test from 'ava';
import type { AuditFact, GetRequest, Deps } from '../../../functions/data-get/deps.ts';
import { readable } from '../../../functions/data-get/readable.ts';
import { IntegrityError } from '../../../functions/lib/errors.ts';
import { createMetadata } from '../../../functions/lib/data/metadata.ts';

test('a datum whose metadata cannot be read is an integrity error that the audit hears of', async (t) => {
  const facts: AuditFact[] = [];
  const get = (key: string) =>
    Promise.resolve({ key, value: Buffer.from('{"owner":"alice'), revision: '1' });
  const deps = {
    metadata: createMetadata({ get } as unknown as Parameters<typeof createMetadata>[0]),
    chain: { head: () => Promise.resolve(undefined) },
    audit: (fact: AuditFact) => void facts.push(fact),
  } as unknown as Deps;
  const request = {
    ref: { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a' },
    caller: { id: 'alice' },
  } as unknown as GetRequest;
  await t.throwsAsync(readable(deps, request), { instanceOf: IntegrityError });
  t.like(facts, [{ audit: 'integrity', user: 'alice', network: 'supply', key: 'a' }]);
});
