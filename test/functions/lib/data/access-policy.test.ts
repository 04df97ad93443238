import test from 'ava';
import { decide, ownerOnly, type Question } from '../../../../functions/lib/data/access-policy.ts';

const person = (id: string): Question['caller'] => ({
  id,
  issuer: 'https://issuer.test',
  subject: `sub-${id}`,
  username: `name-${id}`,
  groups: ['staff'],
});
const resource = { network: 'selvedge/supply', key: 'readings/42', owner: 'alice' };
const staff =
  '@id("staff-read") permit (principal in Group::"staff", action == Action::"read", resource);';

const table: Record<
  string,
  { policy: string; who?: string; action?: 'read' | 'write'; allowed: boolean; policies: string[] }
> = {
  'the owner may, by the default policy': {
    policy: ownerOnly,
    who: 'alice',
    allowed: true,
    policies: ['owner-only'],
  },
  'the owner may write, by the default policy': {
    policy: ownerOnly,
    who: 'alice',
    action: 'write',
    allowed: true,
    policies: ['owner-only'],
  },
  'another may not, by the default policy': { policy: ownerOnly, allowed: false, policies: [] },
  'a group may read': { policy: staff, allowed: true, policies: ['staff-read'] },
  'who may read may not write': { policy: staff, action: 'write', allowed: false, policies: [] },
  'a forbid wins': {
    policy: `${staff} @id("not-bob") forbid (principal == User::"bob", action, resource);`,
    allowed: false,
    policies: ['not-bob'],
  },
  'by subject': {
    policy: 'permit (principal, action, resource) when { principal.subject == "sub-bob" };',
    allowed: true,
    policies: ['policy0'],
  },
  'two policies of one name are told apart': {
    policy:
      '@id("a") permit (principal, action, resource) when { false }; @id("a") permit (principal, action, resource);',
    allowed: true,
    policies: ['a#1'],
  },
  'no policy permits nothing': { policy: '', who: 'alice', allowed: false, policies: [] },
  'a broken policy permits nothing': {
    policy: 'permit (',
    who: 'alice',
    allowed: false,
    policies: [],
  },
  'a failing forbid lets nobody in': {
    policy:
      'permit (principal, action, resource); forbid (principal, action, resource) when { principal.nothing };',
    who: 'alice',
    allowed: false,
    policies: [],
  },
};

for (const [name, { policy, who = 'bob', action = 'read', allowed, policies }] of Object.entries(
  table,
)) {
  test(name, async (t) => {
    const decision = await decide({ caller: person(who), action, resource, policy });
    t.like(decision, { allowed });
    t.deepEqual(decision.policies, policies);
    t.not(decision.reason, '');
  });
}

test('a policy too deep for Cedar permits nothing, and spoils no later decision', async (t) => {
  const deep = `permit (principal, action, resource) when { ${'('.repeat(1000)}true${')'.repeat(1000)} };`;
  const question = { caller: person('alice'), action: 'read', resource } as const;
  t.false((await decide({ ...question, policy: deep })).allowed);
  t.true((await decide({ ...question, policy: ownerOnly })).allowed);
});
