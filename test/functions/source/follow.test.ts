import test from 'ava';
import { Gone, Unavailable } from '../../../functions/lib/errors.ts';
import type { Kubernetes, WatchEvent } from '../../../functions/lib/kubernetes/client.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { follow, type Change } from '../../../functions/source/follow.ts';
import type { Watched } from '../../../functions/source/standing.ts';

const log = createLogger('test');
const of = { apiVersion: 'apps/v1', kind: 'StatefulSet' };

const set = (name: string, readyReplicas: number): Watched => ({
  ...of,
  metadata: { name, namespace: 'net', uid: name, generation: 1 },
  spec: { replicas: 3 },
  status: { observedGeneration: 1, readyReplicas },
});

type Round = { list: Watched[] | Error; watch: (WatchEvent<Watched> | Error)[] };

/** Follows a server that gives these answers one after the other, and tells what was told. */
async function told(rounds: Round[]): Promise<string[]> {
  const ending = new AbortController();
  const changes: Change[] = [];
  const left = [...rounds];
  const kubernetes: Pick<Kubernetes, 'list' | 'watch'> = {
    list: () => {
      const [round] = left;
      if (round!.list instanceof Error) {
        left.shift();
        return Promise.reject(round!.list);
      }
      // Items of a real list have neither.
      const bare = round!.list.map(({ metadata, spec, status }) => ({ metadata, spec, status }));
      return Promise.resolve(bare as never);
    },
    async *watch() {
      const events = left.shift()!.watch;
      await Promise.resolve();
      for (const event of events) {
        if (event instanceof Error) throw event;
        yield event as never;
      }
      if (left.length === 0) ending.abort();
    },
  };
  await follow(
    { of, wakes: 'provisioning' },
    { kubernetes, log, signal: ending.signal, pauseMs: 1, tell: (change) => changes.push(change) },
  );
  return changes.map(({ verb, object, wakes }) =>
    [verb, object.kind, object.metadata.name, object.status?.readyReplicas, wakes].join(' '),
  );
}

const added = (object: Watched) => ({ type: 'ADDED' as const, object });
const modified = (object: Watched) => ({ type: 'MODIFIED' as const, object });
const deleted = (object: Watched) => ({ type: 'DELETED' as const, object });

test('it begins with what is not at rest', async (t) => {
  const all = [set('whole', 3), set('broken', 2)];
  t.deepEqual(await told([{ list: all, watch: all.map(added) }]), [
    'add StatefulSet broken 2 provisioning',
  ]);
});

test('changes and deletions are told, and what only looks like a change is not', async (t) => {
  const watch = [
    added(set('one', 3)),
    modified(set('one', 3)),
    modified(set('one', 2)),
    added(set('two', 0)),
    deleted(set('one', 2)),
  ];
  t.deepEqual(await told([{ list: [set('one', 3)], watch }]), [
    'update StatefulSet one 2 provisioning',
    'add StatefulSet two 0 provisioning',
    'delete StatefulSet one 2 provisioning',
  ]);
});

for (const [what, end] of Object.entries({
  'the watch ended': [],
  'history was compacted': [new Gone('compacted')],
  'the server went away': [new Unavailable('away')],
})) {
  test(`what happened while ${what} is told afterwards`, async (t) => {
    const first = { list: [set('one', 3), set('two', 3)], watch: end };
    const second = { list: [set('one', 1)], watch: [] };
    t.deepEqual(await told([first, second]), [
      'update StatefulSet one 1 provisioning',
      'delete StatefulSet two 3 provisioning',
    ]);
  });
}

test('a server that refuses is asked again', async (t) => {
  const rounds = [
    { list: new Unavailable('away'), watch: [] },
    { list: [set('one', 0)], watch: [] },
  ];
  t.deepEqual(await told(rounds), ['add StatefulSet one 0 provisioning']);
});
