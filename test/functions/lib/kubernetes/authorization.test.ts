import test from 'ava';
import type { Caller } from '../../../../functions/lib/function/authentication.ts';
import {
  createAuthorizer,
  type Access,
} from '../../../../functions/lib/kubernetes/authorization.ts';
import { Forbidden, Unauthorized, Unavailable } from '../../../../functions/lib/errors.ts';
import type { Kubernetes } from '../../../../functions/lib/kubernetes/client.ts';

const alice: Caller = {
  id: 'a',
  issuer: 'https://issuer.example',
  subject: 'alice',
  username: 'alice',
  groups: ['ops', 'system:authenticated'],
};
const putting: Access = {
  verb: 'create',
  resource: 'fabricnetworks',
  subresource: 'data',
  namespace: 'selvedge',
  name: 'supply',
};

/** Answers every review with `answer`, and keeps what was asked. */
function reviewer(answer: () => Promise<object>) {
  const asked: unknown[] = [];
  const kubernetes = {
    create: async (object: object) => {
      asked.push(object);
      return { ...object, ...(await answer()) };
    },
  } as unknown as Pick<Kubernetes, 'create'>;
  return { asked, kubernetes };
}

test('who is allowed may, and is asked about by name, groups and what is wanted', async (t) => {
  const { asked, kubernetes } = reviewer(() => Promise.resolve({ status: { allowed: true } }));
  await t.notThrowsAsync(createAuthorizer(kubernetes).require(alice, putting));
  t.deepEqual(asked, [
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: { name: '' },
      spec: {
        user: 'alice',
        groups: ['ops', 'system:authenticated'],
        resourceAttributes: { group: 'selvedge.dev', ...putting },
      },
    },
  ]);
});

const denials: Record<string, object> = {
  'not allowed': { status: { allowed: false } },
  'allowed and denied at once': { status: { allowed: true, denied: true } },
  'answered without a status': {},
  'answered with text in place of a decision': { status: { allowed: 'true' } },
};
for (const [kind, answer] of Object.entries(denials)) {
  test(`who is ${kind} may not`, async (t) => {
    const { kubernetes } = reviewer(() => Promise.resolve(answer));
    await t.throwsAsync(createAuthorizer(kubernetes).require(alice, putting), {
      instanceOf: Forbidden,
      message: 'alice may not create fabricnetworks/data "supply" in selvedge',
    });
  });
}

const faults: Record<string, () => Promise<object>> = {
  'cannot be reached': () => Promise.reject(new Unavailable('no connection')),
  'refuses our own account': () => Promise.reject(new Forbidden('no')),
  'does not know our own token': () => Promise.reject(new Unauthorized('no')),
  'never answers': () => new Promise(() => undefined),
};
for (const [kind, answer] of Object.entries(faults)) {
  test(`when the API server ${kind}, nobody may`, async (t) => {
    const { kubernetes } = reviewer(answer);
    await t.throwsAsync(createAuthorizer(kubernetes, { timeoutMs: 50 }).require(alice, putting), {
      instanceOf: Unavailable,
    });
  });
}

test('a yes holds for as long as is said, for who asks the same', async (t) => {
  const { asked, kubernetes } = reviewer(() => Promise.resolve({ status: { allowed: true } }));
  let now = 1;
  const authorizer = createAuthorizer(kubernetes, { holdsMs: 5_000, clock: { now: () => now } });
  await Promise.all([authorizer.require(alice, putting), authorizer.require(alice, putting)]);
  t.is(asked.length, 1);
  now += 4_999;
  await authorizer.require(alice, putting);
  t.is(asked.length, 1);
  await authorizer.require({ ...alice, groups: [] }, putting);
  await authorizer.require(alice, { ...putting, name: 'other' });
  t.is(asked.length, 3);
  now += 5_000;
  await authorizer.require(alice, putting);
  t.is(asked.length, 4);
});

test('a no is asked about each time, and so is what could not be asked', async (t) => {
  const answers: (() => Promise<object>)[] = [
    () => Promise.resolve({ status: { allowed: false } }),
    () => Promise.reject(new Error('away')),
    () => Promise.resolve({ status: { allowed: true } }),
  ];
  const { kubernetes } = reviewer(() => (answers.shift() as () => Promise<object>)());
  const authorizer = createAuthorizer(kubernetes, { holdsMs: 5_000 });
  await t.throwsAsync(authorizer.require(alice, putting), { instanceOf: Forbidden });
  await t.throwsAsync(authorizer.require(alice, putting), { instanceOf: Unavailable });
  await t.notThrowsAsync(authorizer.require(alice, putting));
});
