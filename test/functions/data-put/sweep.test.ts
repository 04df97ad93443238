import test from 'ava';
import { createOutbox } from '../../../functions/data-put/outbox.ts';
import type { Deps } from '../../../functions/data-put/deps.ts';
import { sweep } from '../../../functions/data-put/sweep.ts';
import { digestOf, idOf } from '../../fakes/facts.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import type { Incarnation, NetworkRef } from '../../../functions/lib/data/datum.ts';
import type { Metadata } from '../../../functions/lib/data/metadata.ts';
import type { StoredIntent } from '../../../functions/lib/data/model.ts';

const intent = (network: string, id: string): StoredIntent => ({
  ...{
    id,
    namespace: 'selvedge',
    network,
    incarnation: `uid-${network}`,
    key: id,
    owner: 'alice',
    policy: digestOf('policy'),
    tier: 'record',
  },
  ...{ index: 'etcd://x', contentType: 'text/plain', createdAt: '2026-01-01T00:00:00.000Z' },
  ...{ attempt: 'a', since: '2026-01-01T00:00:00.000Z', state: 'stored' },
  stored: { digest: '', size: 64, wrapped: '', fingerprint: '' },
});

async function* intents() {
  for (const value of [intent('down', '1'), intent('down', '2'), intent('up', '3')]) {
    yield await Promise.resolve({ value, revision: '1' });
  }
}

test('a network that does not answer is asked once a pass, and the others still', async (t) => {
  const asked: string[] = [];
  const policy = () => Promise.resolve('');
  const metadata = {
    ...{ intents, policy, async *outbox() {} },
    async *proposals() {},
    async *erasures() {},
  } as unknown as Metadata;
  const networks = {
    find: (network: NetworkRef) =>
      Promise.resolve({ ...network, incarnation: `uid-${network.network}` }),
  };
  const chain = {
    find: ({ network }: Incarnation) => {
      asked.push(network);
      return Promise.reject(new Unavailable('no peer answers'));
    },
  };
  const now = () => new Date('2026-01-01T01:00:00.000Z');
  const log = createLogger('test');
  log.level = 'silent';
  const incarnations = { removed: () => Promise.resolve([]) };
  const names = { idOf: () => Promise.resolve(idOf('a')) };
  const deps = { metadata, networks, chain, names, incarnations, now } as unknown as Deps;
  const outbox = createOutbox({ metadata, broker: { send: () => Promise.resolve() }, now }, log);
  const swept = await sweep(deps, outbox, log);
  t.deepEqual(asked, ['down', 'up']);
  t.is(swept.failed, 3);
});
