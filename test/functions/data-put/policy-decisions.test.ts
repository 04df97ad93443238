import test from 'ava';
import {
  fateOfProposal,
  invalid,
  nextEdition,
  type ProposalFate,
} from '../../../functions/data-put/policy-decisions.ts';
import { isDue } from '../../../functions/data-put/settle-each.ts';
import { policyDigest } from '../../../functions/lib/data/digests.ts';
import type { Head } from '../../../functions/lib/data/fact.ts';
import { PreconditionFailed } from '../../../functions/lib/errors.ts';

const [one, two] = [policyDigest('one'), policyDigest('two')];

const editions: Record<string, { ifMatch?: string; digest?: string; gives: number | undefined }> = {
  'the next, whatever is in force': { gives: 4 },
  'the next of the one that is meant': { ifMatch: '"3"', gives: 4 },
  'the next of one of those meant': { ifMatch: '"1", "3"', gives: 4 },
  'the next of any': { ifMatch: '*', gives: 4 },
  'none where it is in force': { digest: one, gives: undefined },
  'none where it is in force since an earlier try': {
    ifMatch: '"2"',
    digest: one,
    gives: undefined,
  },
};
for (const [name, { ifMatch, digest = two, gives }] of Object.entries(editions)) {
  test(`a policy gets an edition: ${name}`, (t) => {
    t.is(nextEdition({ edition: 3, policy: one }, digest, ifMatch), gives);
  });
}

for (const ifMatch of ['"2"', 'W/"3"', '"33"', '""', '"2", "4"', '3']) {
  test(`where edition 3 is in force, ${ifMatch} is not`, (t) => {
    const error = t.throws(() => nextEdition({ edition: 3, policy: one }, two, ifMatch), {
      instanceOf: PreconditionFailed,
    });
    t.is(error.members.edition, 3);
  });
}

test('faults are told with their places', (t) => {
  const error = invalid([{ message: 'a', line: 3, column: 14 }, { message: 'b' }]);
  t.is(error.message, 'the policy is not valid: 3:14: a; b');
  t.deepEqual(error.members.errors, [
    { path: '3:14', message: 'a' },
    { path: '', message: 'b' },
  ]);
});

const now = new Date('2026-01-01T01:00:00.000Z');
const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();
const proposal = (edition: number, since = ago(120)) => ({
  ...{ namespace: 'selvedge', network: 'supply', incarnation: 'uid-1', key: 'a' },
  ...{ edition, policy: 'two', since },
});
const head = (edition: number, policy: string): Head => ({
  ...{ owner: 'alice', version: 1, policy, edition, erased: false },
});

const fates: Record<string, [ReturnType<typeof proposal>, Head | undefined, ProposalFate]> = {
  'what the chain names is published': [proposal(2), head(2, two), 'enact'],
  'what came second is removed': [proposal(2), head(2, one), 'withdraw'],
  'what was followed by another is removed': [proposal(2), head(3, one), 'withdraw'],
  'the same text as an earlier edition is another': [proposal(2), head(4, two), 'withdraw'],
  'what the chain may yet get is left': [proposal(2), head(1, one), 'leave'],
  'what the chain did not get is removed, never sent': [
    proposal(2, ago(16 * 60)),
    head(1, one),
    'withdraw',
  ],
  'what is in force already as another edition is not published as this one': [
    proposal(3),
    head(2, two),
    'leave',
  ],
  'what the chain names of a datum that was erased is removed': [
    proposal(2),
    { ...head(2, two), erased: true },
    'withdraw',
  ],
  'of a datum that the chain does not know': [proposal(2, ago(16 * 60)), undefined, 'withdraw'],
};
for (const [name, [given, known, fate]] of Object.entries(fates)) {
  test(`the sweep of a proposal: ${name}`, (t) => {
    t.is(fateOfProposal(given, known, now), fate);
  });
}

test('the sweep keeps away from a change that is under way', (t) => {
  t.false(isDue(proposal(2, ago(10)), now));
  t.true(isDue(proposal(2, ago(61)), now));
});
