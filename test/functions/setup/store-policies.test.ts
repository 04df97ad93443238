import test from 'ava';
import { dataUsers } from '../../../functions/lib/tiers.ts';
import { storePolicy } from '../../../functions/setup/store-policies.ts';

const policies = dataUsers.map((user) => [user, JSON.stringify(storePolicy(user, 'b'))] as const);

for (const [user, policy] of policies) {
  test(`${user} gets named rights in one bucket`, (t) => {
    t.notRegex(policy, /"s3:\*"|"admin:|"Resource":\["\*"/);
    for (const [, arn = ''] of policy.matchAll(/arn:aws:s3:::([^"]*)/g)) t.regex(arn, /^b(\/\*)?$/);
  });
}

test('who writes objects reads none, and who reads them writes none', (t) => {
  const [put, get] = dataUsers.map((user) => JSON.stringify(storePolicy(user, 'b')));
  t.notRegex(put!, /GetObject/);
  t.notRegex(get!, /Put|Delete|Abort|List/);
});
