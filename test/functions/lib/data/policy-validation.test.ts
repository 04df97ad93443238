import test from 'ava';
import {
  decide,
  ownerOnly,
  validate,
  type Fault,
} from '../../../../functions/lib/data/access-policy.ts';
import { policyLimit } from '../../../../functions/lib/data/policy-extent.ts';
import { policySchema } from '../../../../functions/lib/data/policy-schema.ts';

const when = (condition: string): string =>
  `permit (principal, action, resource) when { ${condition} };`;
const around = (open: string, inner: string, close: string, times: number): string =>
  when(open.repeat(times) + inner + close.repeat(times));

const good: Record<string, string> = {
  'the policy of a new datum': ownerOnly,
  'a group, an action, a user': `permit (principal in Group::"staff", action == Action::"read", resource);
    forbid (principal == User::"bob", action == Action::"write", resource);`,
  'every attribute': when(
    'principal.issuer != principal.subject && principal.username like "a*" && resource.owner == principal && resource.network == "a/b" && resource.key != ""',
  ),
  'brackets as deep as may be': around('(', 'true', ')', 31),
  'brackets and operators in strings and comments': when(
    `"${'('.repeat(1000)}" != "" // ${'!'.repeat(1000)}\n`,
  ),
  'many users': when(`["x"${',"a"'.repeat(10_000)}].contains(principal.subject)`),
  'many policies': ownerOnly.repeat(500),
  'as large as may be': `${ownerOnly}//${'x'.repeat(policyLimit - ownerOnly.length - 2)}`,
};

for (const [name, policy] of Object.entries(good)) {
  test(`${name}: it may come into force, and decides`, async (t) => {
    t.deepEqual(await validate(policy), []);
    const caller = { id: 'a', issuer: 'i', subject: 's', username: 'alice', groups: ['staff'] };
    const resource = { network: 'a/b', key: 'k', owner: 'a' };
    const { reason } = await decide({ caller, action: 'read', resource, policy });
    t.notRegex(reason, /cannot|failed/);
  });
}

const bad: Record<string, { policy: string; fault: Fault | RegExp }> = {
  'an unknown attribute': {
    policy: ownerOnly + when('principal.age == 1'),
    fault: /attribute `age` on entity type `User` not found/,
  },
  'an unknown action': {
    policy: 'permit (principal, action == Action::"erase", resource);',
    fault: /unrecognized action `Action::"erase"`/,
  },
  'an unknown type': {
    policy: 'permit (principal in Team::"a", action, resource);',
    fault: /unrecognized entity type `Team`/,
  },
  'a sum of texts': { policy: when('principal.subject + 1 == 2'), fault: /expected Long/ },
  'a context': { policy: when('context.ip == 1'), fault: /attribute `ip` in context/ },
  'a template': {
    policy: 'permit (principal == ?principal, action, resource);',
    fault: /template|no policy in it/,
  },
  nothing: { policy: '', fault: { message: 'there is no policy in it' } },
  'a comment alone': { policy: '// nobody', fault: { message: 'there is no policy in it' } },
  'what is no Cedar': { policy: 'let alice in', fault: /unexpected token/ },
  'a policy that ends too early': {
    policy: '\n  permit (',
    fault: {
      message: 'unexpected end of input; expected `)` or identifier',
      line: 2,
      column: 11,
    },
  },
  'one byte too much': {
    policy: `${ownerOnly}//${'x'.repeat(policyLimit - ownerOnly.length - 1)}`,
    fault: { message: 'it has more than 65536 bytes' },
  },
  'characters of many bytes': {
    policy: `${ownerOnly}//${'ü'.repeat(policyLimit / 2)}`,
    fault: { message: 'it has more than 65536 bytes' },
  },
};

for (const [name, { policy, fault }] of Object.entries(bad)) {
  test(`${name} is refused, and told`, async (t) => {
    const faults = await validate(policy);
    if (fault instanceof RegExp) t.regex(faults[0]?.message ?? '', fault);
    else t.deepEqual(faults, [fault]);
  });
}

test('the place of a fault counts characters, not bytes', async (t) => {
  const policy = `// ü 🧵\npermit (principal, action, resource) when { "ü🧵" != principal.age };`;
  const [fault] = await validate(policy);
  t.is(fault?.line, 2);
  t.is(fault?.column, Array.from(policy.split('\n')[1]!.split('principal.age')[0]!).length + 1);
});

/** Each of these ended Cedar for good, for every later question. */
const deep: Record<string, string> = {
  brackets: around('(', 'true', ')', 1000),
  'open brackets': when('('.repeat(60_000)),
  sets: around('[', '1', ']', 1000),
  records: around('{a:', '1', '}', 1000),
  'brackets after a comment that a line ends': when(`// \r ${'('.repeat(1000)}`),
  'brackets after a string with a quote': when(`"\\"" != "" ${'('.repeat(1000)}`),
  conditions: when(`${'if true then true else '.repeat(1000)}true`),
  sums: when(`${'1 + '.repeat(15_000)}1 == 2`),
  'a long and': when(`${'true && '.repeat(8000)}true`),
  attributes: when(`resource${'.owner'.repeat(10_000)} == principal`),
  calls: when(`[1]${'.contains(1)'.repeat(1000)}`),
  negations: when(`${'!'.repeat(60_000)}true`),
};

for (const [name, policy] of Object.entries(deep)) {
  test(`a policy too deep for Cedar (${name}) is refused before it sees it`, async (t) => {
    const caller = { id: 'a', issuer: 'i', subject: 's', username: 'alice', groups: [] };
    const resource = { network: 'a/b', key: 'k', owner: 'a' };
    t.regex((await validate(policy))[0]?.message ?? '', /deep|operators|unexpected/);
    t.false((await decide({ caller, action: 'read', resource, policy })).allowed);
    t.deepEqual(await validate(ownerOnly), []);
    const next = await decide({ caller, action: 'read', resource, policy: ownerOnly });
    t.true(next.allowed);
  });
}

test('the deepest that is taken is not too deep', async (t) => {
  const caller = { id: 'a', issuer: 'i', subject: 's', username: 'alice', groups: [] };
  const resource = { network: 'a/b', key: 'k', owner: 'a' };
  const levels = (count: number, inner: string): string =>
    Array.from({ length: count }).reduce<string>(
      (expression, _, level) =>
        [
          `(!${expression})`,
          `([${expression}].contains(true))`,
          `({a: ${expression}}.a)`,
          `(if ${expression} then true else false)`,
          `(${expression} && true)`,
          `(true == ${expression})`,
        ][level % 6]!,
      inner,
    );
  for (const deepest of [
    levels(20, 'true'),
    levels(18, `1${' + 1'.repeat(100)} == 1`),
    levels(18, `true${' && true'.repeat(100)}`),
    `${'if true then true else '.repeat(190)}true`,
    `1${' + 1'.repeat(190)} == 1`,
    `principal.subject like "*" ${'&& !(true) '.repeat(40)}`,
  ]) {
    const policy = when(deepest);
    await validate(policy);
    const { reason } = await decide({ caller, action: 'read', resource, policy });
    t.not(reason, '');
  }
  t.deepEqual(await validate(ownerOnly), []);
});

test('what is validated against says what a decision is given', (t) => {
  for (const name of ['issuer', 'subject', 'username', 'owner', 'network', 'key']) {
    t.regex(policySchema, new RegExp(`\\b${name}: `));
  }
});
