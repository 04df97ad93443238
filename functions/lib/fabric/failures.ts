/**
 * Fabric's failures as Selvedge's errors. The four situations of fabric-gateway stay apart:
 * not endorsed (nothing happened), not handed over, fate unknown, committed as invalid.
 */
import { status as grpcStatus } from '@grpc/grpc-js';
import {
  CommitStatusError,
  EndorseError,
  GatewayError,
  StatusCode,
  type ErrorDetail,
  type SubmitError,
} from '@hyperledger/fabric-gateway';
import {
  CommitUnknown,
  Conflict,
  NotFound,
  SelvedgeError,
  Unavailable,
  Unprocessable,
} from '../errors.ts';

/** As plain numbers: fabric-gateway's errors carry those. */
const status: Record<keyof typeof grpcStatus, number> = grpcStatus;

/** The error to throw for whatever fabric-gateway threw; what is ours already stays as it is. */
export function translateFailure(error: unknown): unknown {
  if (error instanceof SelvedgeError) return error;
  if (error instanceof CommitStatusError) {
    return new CommitUnknown(error.transactionId, { cause: error });
  }
  if (isSubmitError(error)) return notSubmitted(error);
  if (error instanceof EndorseError) return notEndorsed(error, 'endorse the transaction');
  if (error instanceof GatewayError) return notEndorsed(error, 'evaluate the transaction');
  return error;
}

/** fabric-gateway exports this class as a type only. */
function isSubmitError(error: unknown): error is SubmitError {
  return error instanceof GatewayError && error.name === 'SubmitError';
}

/**
 * The error for a transaction committed as invalid, by its validation code: Conflict where
 * another transaction changed what it had read, else Unprocessable.
 */
export function translateCommit(transactionId: string, code: number): SelvedgeError {
  const name = statusName(code);
  const members = { transactionId, code: name };
  if (code === StatusCode.MVCC_READ_CONFLICT || code === StatusCode.PHANTOM_READ_CONFLICT) {
    return new Conflict('another transaction changed what this one had read', { members });
  }
  return new Unprocessable(`the channel found transaction ${transactionId} invalid: ${name}`, {
    members,
  });
}

/** The name of a validation code, such as `MVCC_READ_CONFLICT`. */
export function statusName(code: number): string {
  return Object.entries(StatusCode).find(([, value]) => value === code)?.[0] ?? String(code);
}

/** Handed over to nobody: the orderers answered that they cannot, or could not be dialled. */
const neverArrived = /while dialing|connection refused|no such host|i\/o timeout/i;
const unserved = /no orderer nodes available|no orderers could successfully process/;

/** An orderer that lost its ledger says this of a channel that the others still serve. */
const forgotten = /info=channel does not exist/;

function notSubmitted(error: SubmitError): SelvedgeError {
  if (forgotten.test(error.message)) {
    return new Unavailable('an orderer does not know the channel', { cause: error });
  }
  if (error.code === status.ABORTED || error.code === status.INVALID_ARGUMENT) {
    return refusal(error, 'order the transaction');
  }
  // The Gateway lists those it lost the connection to; orderers that said no are not listed.
  const refused =
    error.code === status.UNAVAILABLE &&
    unserved.test(error.message) &&
    error.details.every(({ message }) => neverArrived.test(message));
  if (!refused) return new CommitUnknown(error.transactionId, { cause: error });
  return new Unavailable('no orderer takes transactions now', {
    cause: error,
    members: { endorsements: error.details },
  });
}

/** What a peer says that may go well elsewhere or later. */
const passing =
  /^rpc error|code = (Unavailable|DeadlineExceeded|Canceled)|could not launch|stream terminated|timeout expired|has been successfully defined|exceeding concurrency limit/;
const mismatch = /ProposalResponsePayloads do not match/;
const chaincodeSaid = /chaincode response \d+, (.*)/s;
const notFound = /^NOT_FOUND: /;

const away = [
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.RESOURCE_EXHAUSTED,
  // No set of live peers satisfies the endorsement policy, or none runs the chaincode yet.
  status.FAILED_PRECONDITION,
];

function notEndorsed(error: GatewayError, task: string): SelvedgeError {
  const answers = error.details.map(({ message }) => message);
  const said = answers.flatMap((message) => chaincodeSaid.exec(message)?.[1] ?? []);
  if (said.length > 0) return chaincodeRefusal(error, said, task);
  if (answers.some((message) => mismatch.test(message))) {
    return new Conflict('peers computed different results: one lags behind the other', {
      cause: error,
      members: { endorsements: error.details },
    });
  }
  const isAway =
    answers.length > 0
      ? answers.every((message) => passing.test(message))
      : away.includes(error.code);
  if (!isAway) return refusal(error, task);
  return new Unavailable(`no peer could ${task}`, {
    cause: error,
    members: { endorsements: error.details },
  });
}

/**
 * Whether the Gateway found no set of peers to ask. It knows other organizations' peers by gossip
 * alone, so some seconds after a channel was made or a peer came back this mends itself.
 */
export function isUnplanned(error: unknown): boolean {
  const cause = error instanceof Unavailable ? error.cause : undefined;
  return (
    cause instanceof GatewayError &&
    cause.code === status.FAILED_PRECONDITION &&
    cause.details.length === 0
  );
}

/** Whether a wait ended for want of a commit rather than of a peer that answers. */
export function isLate(error: unknown): boolean {
  const cause = error instanceof CommitUnknown ? error.cause : undefined;
  return cause instanceof GatewayError && cause.code === status.DEADLINE_EXCEEDED;
}

function chaincodeRefusal(error: GatewayError, said: string[], task: string): SelvedgeError {
  const missing = said.find((message) => notFound.test(message));
  if (missing === undefined) return refusal(error, task);
  return new NotFound(missing.replace(notFound, ''), { cause: error });
}

function refusal(error: GatewayError, task: string): Unprocessable {
  const answers = error.details.map(answerText).join('; ') || error.message;
  return new Unprocessable(`peers refused to ${task}: ${answers}`, {
    cause: error,
    members: { endorsements: error.details },
  });
}

function answerText({ mspId, message }: ErrorDetail): string {
  return `${mspId}: ${message}`;
}
