import test from 'ava';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import {
  CommitStatusError,
  EndorseError,
  GatewayError,
  StatusCode,
  type ErrorDetail,
} from '@hyperledger/fabric-gateway';
import { CommitUnknown, Conflict } from '../../../../functions/lib/errors.ts';
import {
  statusName,
  translateCommit,
  translateFailure,
} from '../../../../functions/lib/fabric/failures.ts';

type Stage = 'endorse' | 'evaluate' | 'submit' | 'status';

function failure(stage: Stage, code: status, message: string, answers: string[]): GatewayError {
  const cause: ServiceError = Object.assign(new Error(message), {
    code,
    details: message,
    metadata: new Metadata(),
  });
  const details: ErrorDetail[] = answers.map((answer, index) => ({
    address: `peer-${index}:7051`,
    mspId: `Org${index}MSP`,
    message: answer,
  }));
  const properties = { code, details, cause, message, transactionId: 'tx1' };
  if (stage === 'endorse') return new EndorseError(properties);
  if (stage === 'status') return new CommitStatusError(properties);
  const error = new GatewayError(properties);
  if (stage === 'submit') Object.assign(error, { name: 'SubmitError', transactionId: 'tx1' });
  return error;
}

const { ABORTED, DEADLINE_EXCEEDED, FAILED_PRECONDITION, UNAVAILABLE, UNKNOWN } = status;
const noOrderer = 'no orderers could successfully process transaction';
const refusedDial = 'rpc error: code = Unavailable desc = connection refused';

const table: [
  sentence: string,
  stage: Stage,
  code: status,
  message: string,
  answers: string[],
  name: string,
][] = [
  ['a peer that is away', 'endorse', UNAVAILABLE, 'no connection', [], 'Unavailable'],
  ['an endorsement that takes too long', 'endorse', DEADLINE_EXCEEDED, '', [], 'Unavailable'],
  ['too few live peers', 'endorse', FAILED_PRECONDITION, 'no combination', [], 'Unavailable'],
  ['peers that are all away', 'endorse', ABORTED, '', [refusedDial, refusedDial], 'Unavailable'],
  ['chaincode not up yet', 'endorse', ABORTED, '', ['could not launch chaincode'], 'Unavailable'],
  [
    'a refusal by the chaincode',
    'endorse',
    ABORTED,
    '',
    ['chaincode response 500, no'],
    'Unprocessable',
  ],
  [
    'one refusal among absences',
    'endorse',
    ABORTED,
    '',
    [refusedDial, 'chaincode response 500, no'],
    'Unprocessable',
  ],
  [
    'a caller who may not write',
    'endorse',
    ABORTED,
    '',
    ['access denied: creator org'],
    'Unprocessable',
  ],
  [
    'peers that differ',
    'endorse',
    ABORTED,
    '',
    ['ProposalResponsePayloads do not match'],
    'Conflict',
  ],
  [
    'a key that is not there',
    'evaluate',
    UNKNOWN,
    '',
    ['chaincode response 500, NOT_FOUND: x'],
    'NotFound',
  ],
  [
    'a query the chaincode refuses',
    'evaluate',
    UNKNOWN,
    '',
    ['chaincode response 500, x'],
    'Unprocessable',
  ],
  ['a query no peer can answer', 'evaluate', UNAVAILABLE, '', [refusedDial], 'Unavailable'],
  ['orderers without a leader', 'submit', UNAVAILABLE, noOrderer, [], 'Unavailable'],
  [
    'orderers that cannot be dialled',
    'submit',
    UNAVAILABLE,
    noOrderer,
    [refusedDial],
    'Unavailable',
  ],
  ['a connection lost while sending', 'submit', UNAVAILABLE, noOrderer, ['EOF'], 'CommitUnknown'],
  [
    'a Gateway lost while sending',
    'submit',
    UNAVAILABLE,
    'Connection dropped',
    [],
    'CommitUnknown',
  ],
  ['no answer to a sent transaction', 'submit', DEADLINE_EXCEEDED, '', [], 'CommitUnknown'],
  ['an orderer that refuses', 'submit', ABORTED, 'status=FORBIDDEN', [], 'Unprocessable'],
  [
    'an orderer that lost the channel',
    'submit',
    ABORTED,
    'received unsuccessful response from orderer: status=BAD_REQUEST, info=channel does not exist',
    [],
    'Unavailable',
  ],
  ['no commit in time', 'status', DEADLINE_EXCEEDED, '', [], 'CommitUnknown'],
  ['a peer lost before the commit', 'status', UNAVAILABLE, '', [], 'CommitUnknown'],
];
for (const [sentence, stage, code, message, answers, name] of table) {
  test(`${stage}: ${sentence} is ${name}`, (t) => {
    const error = failure(stage, code, message, answers);
    const translated = translateFailure(error) as Error;
    t.is(translated.name, name);
    t.is(translated.cause, error);
  });
}

test('a refusal carries the answer of each peer', (t) => {
  const error = failure('endorse', ABORTED, '', ['chaincode response 500, no', refusedDial]);
  const translated = translateFailure(error) as Error;
  t.regex(translated.message, /Org0MSP: chaincode response 500, no; Org1MSP: rpc error/);
  t.like(translated, {
    members: { endorsements: [{ mspId: 'Org0MSP' }, { address: 'peer-1:7051' }] },
  });
});

test('an unknown fate names the transaction', (t) => {
  t.like(translateFailure(failure('status', UNAVAILABLE, '', [])), { transactionId: 'tx1' });
});

test('errors of our own, and of nobody we know, stay as they are', (t) => {
  for (const error of [new CommitUnknown('tx1'), new TypeError('x')]) {
    t.is(translateFailure(error), error);
  }
});

test('only conflicts of reading may be tried again', (t) => {
  const { MVCC_READ_CONFLICT, PHANTOM_READ_CONFLICT, ENDORSEMENT_POLICY_FAILURE } = StatusCode;
  t.true(translateCommit('tx1', MVCC_READ_CONFLICT) instanceof Conflict);
  t.true(translateCommit('tx1', PHANTOM_READ_CONFLICT) instanceof Conflict);
  t.like(translateCommit('tx1', ENDORSEMENT_POLICY_FAILURE), {
    name: 'Unprocessable',
    members: { transactionId: 'tx1', code: 'ENDORSEMENT_POLICY_FAILURE' },
  });
});

test('a validation code has a name, even one we do not know', (t) => {
  t.is(statusName(0), 'VALID');
  t.is(statusName(11), 'MVCC_READ_CONFLICT');
  t.is(statusName(77), '77');
});
