import test from 'ava';
import type { Deps } from '../../../functions/data-get/deps.ts';
import { look } from '../../../functions/data-get/look.ts';
import { policyDigest } from '../../../functions/lib/data/digests.ts';
import type { Head } from '../../../functions/lib/data/fact.ts';

const ref = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a' };
const head = (edition: number, text: string): Head => ({
  ...{ owner: 'alice', version: 1, policy: policyDigest(text), edition, erased: false },
});

/** What each question is answered with in turn; the last answer goes on. */
interface Answers {
  heads: Head[];
  policies: string[];
  /** By edition; taken for the text that the head names. */
  proposals?: Record<number, string>;
  published?: number;
  erasedAt?: string;
}

function depsOf({ heads, policies, proposals = {}, published, erasedAt }: Answers) {
  const asked: string[] = [];
  const turn = <T>(what: string, answers: T[]): Promise<T | undefined> => {
    asked.push(what);
    return Promise.resolve(answers.length > 1 ? answers.shift() : answers[0]);
  };
  const value = {
    ...{ owner: 'alice', claims: 1, current: 1 },
    ...(published && { edition: published }),
    ...(erasedAt !== undefined && { erasedAt }),
  };
  const deps = {
    metadata: {
      datum: () => Promise.resolve({ value, revision: '1' }),
      policy: () => turn('policy', policies),
      proposal: (_ref: unknown, { edition }: Head) => {
        const policy = proposals[edition];
        return turn('proposal', [policy === undefined ? undefined : { value: { policy } }]);
      },
    },
    chain: { head: () => turn('head', heads) },
  } as unknown as Deps;
  return { deps, asked };
}

const states: Record<string, { answers: Answers; sees: string; asks: string }> = {
  'the policy that is published, at the first look': {
    answers: { heads: [head(1, 'one')], policies: ['one'] },
    sees: 'one',
    asks: 'policy head',
  },
  'one that the chain names before it is published': {
    answers: { heads: [head(2, 'two')], policies: ['one'], proposals: { 2: 'two' } },
    sees: 'two',
    asks: 'policy head proposal',
  },
  'one that is published while it is looked for': {
    answers: { heads: [head(2, 'two')], policies: ['one', 'two'] },
    sees: 'two',
    asks: 'policy head proposal policy',
  },
  'the later of two that come while it is looked for': {
    answers: { heads: [head(2, 'two'), head(3, 'three')], policies: ['one', 'three'] },
    sees: 'three',
    asks: 'policy head proposal policy head policy head',
  },
  'the one that peers who lagged behind etcd have then': {
    answers: { heads: [head(1, 'one'), head(2, 'two')], policies: ['two'], published: 2 },
    sees: 'two',
    asks: 'policy head head',
  },
  'what somebody wrote there, which is not in force': {
    answers: { heads: [head(1, 'one')], policies: ['forged'], proposals: { 1: 'forged, too' } },
    sees: 'forged',
    asks: 'policy head proposal policy head',
  },
};

for (const [name, { answers, sees, asks }] of Object.entries(states)) {
  test(`a look sees ${name}`, async (t) => {
    const { deps, asked } = depsOf(answers);
    const { known, head: last } = await look(deps, ref);
    t.is(known.policy, sees);
    t.is(last?.policy === policyDigest(sees), !sees.startsWith('forged'));
    t.is(asked.join(' '), asks);
  });
}

const erased = { ...head(1, 'one'), erased: true };
const erasures: Record<string, { answers: Answers; asks: string }> = {
  'at the first look': {
    answers: { heads: [erased], policies: ['none'] },
    asks: 'policy head proposal policy',
  },
  'that takes its policy away while it is looked for': {
    answers: { heads: [head(1, 'one'), erased], policies: ['none'] },
    asks: 'policy head proposal policy head policy head proposal policy',
  },
  'that peers who lagged behind etcd have then': {
    answers: {
      heads: [head(1, 'one'), erased],
      policies: ['one'],
      erasedAt: '2026-01-01T00:00:00Z',
    },
    asks: 'policy head head',
  },
};
for (const [name, { answers, asks }] of Object.entries(erasures)) {
  test(`a look sees an erasure ${name}`, async (t) => {
    const { deps, asked } = depsOf(answers);
    t.true((await look(deps, ref)).head?.erased);
    t.is(asked.join(' '), asks);
  });
}
