import test from 'ava';
import {
  BadRequest,
  CommitUnknown,
  Conflict,
  IntegrityError,
  isRetryable,
  NoSpace,
  toProblem,
  Unavailable,
  Unprocessable,
} from '../../../functions/lib/errors.ts';

test('a problem document says what went wrong and carries its members', (t) => {
  const error = new BadRequest('the spec is malformed', { members: { errors: [{ path: 'a' }] } });
  t.deepEqual(toProblem(error), {
    type: 'https://selvedge.dev/problems/bad-request',
    title: 'The request is malformed',
    status: 400,
    detail: 'the spec is malformed',
    errors: [{ path: 'a' }],
  });
});

test('members cannot replace the standard ones', (t) => {
  t.is(toProblem(new Conflict('no', { members: { status: 200 } })).status, 409);
});

test('an unknown error tells the caller nothing of its message', (t) => {
  t.notRegex(JSON.stringify(toProblem(new Error('password=1234'))), /1234/);
});

test('a transaction of unknown fate carries its id', (t) => {
  t.is(new CommitUnknown('abc').transactionId, 'abc');
  t.is(toProblem(new CommitUnknown('abc')).status, 503);
});

for (const [error, retryable] of [
  [new BadRequest(''), false],
  [new Unprocessable(''), false],
  [new IntegrityError(''), false],
  [new Conflict(''), true],
  [new Unavailable(''), true],
  [new NoSpace(''), true],
  [new Error(''), true],
] as const) {
  test(`${error.name} is ${retryable ? '' : 'not '}worth a retry`, (t) => {
    t.is(isRetryable(error), retryable);
  });
}
