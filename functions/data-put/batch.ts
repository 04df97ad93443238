/**
 * Many records in one request. Each is a put of its own, with every step and with an end of its own; what
 * they have in common is that they meet, and so go together at each stage.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { batchLimits } from '../lib/batch.ts';
import { BadRequest, SelvedgeError, toProblem, type Problem } from '../lib/errors.ts';
import type { Receipt } from '../lib/events.ts';
import { readBytes } from '../lib/function/envelope.ts';
import { page } from '../lib/memory.ts';
import type { Incarnation } from '../lib/data/datum.ts';
import { readLines, type BadLine, type Line } from './batch-lines.ts';
import { chooseTier, heldBy } from './decisions.ts';
import type { Deps, Put } from './deps.ts';
import { gather } from './gather.ts';
import { putAs } from './put.ts';

export interface BatchRequest extends Pick<Put, 'caller' | 'id' | 'signal'> {
  network: Incarnation;
  /** NDJSON. */
  body: Readable;
}

/** What became of a line: a receipt, or why there is none. `status` is that of a put of its own. */
export type Item = { line: number; status: number } & (
  { key: string; receipt: Receipt } | { key?: string; problem: Problem }
);

/** Sees a put, and what becomes of it. */
type Attend = (key: string, put: Promise<Receipt>) => Promise<Receipt>;

const contentType = 'application/json';

/**
 * Puts the records of a batch; nothing is written before all of it was read.
 *
 * @returns what became of each line, in their order
 * @throws BadRequest when the body was cut off or has no line; nothing was stored
 * @throws TooLarge when it has too many lines or bytes; nothing was stored
 */
export async function putBatch(deps: Deps, request: BatchRequest, attend: Attend): Promise<Item[]> {
  const { caller, signal, body } = request;
  const share = { user: caller.id, signal };
  return deps.memory.going.hold({ ...share, bytes: batchLimits.bytes }, async () => {
    const lines = readLines(await read(body));
    return deps.memory.whole.hold({ ...share, bytes: heldByAll(lines) }, () =>
      putLines(deps, request, lines, attend),
    );
  });
}

/** As much as puts of their own: with many small lines, half of all there is, so one such batch of a user at a time. */
function heldByAll(lines: (Line | BadLine)[]): number {
  const each = lines.map((one) => ('record' in one ? heldBy(one.record.length) : 0));
  return each.reduce((sum, bytes) => sum + Math.max(page, bytes), 0);
}

function putLines(
  deps: Deps,
  request: BatchRequest,
  lines: (Line | BadLine)[],
  attend: Attend,
): Promise<Item[]> {
  const next = gather(deps.chain, request.network, lines.length);
  const each = lines.map(async (line) => {
    const { chain, ended } = next();
    return settle({ ...deps, chain }, request, line, attend).finally(ended);
  });
  return Promise.all(each);
}

async function read(body: Readable): Promise<Buffer> {
  try {
    return await readBytes(body, batchLimits.bytes);
  } catch (cause) {
    if (cause instanceof SelvedgeError) throw cause;
    throw new BadRequest('the body was cut off', { cause });
  }
}

async function settle(
  deps: Deps,
  request: BatchRequest,
  one: Line | BadLine,
  attend: Attend,
): Promise<Item> {
  const { line, key } = one;
  try {
    if ('fault' in one) throw one.fault;
    const receipt = await attend(one.key, putLine(deps, request, one));
    return { line, key: one.key, status: 201, receipt };
  } catch (error) {
    const problem = toProblem(error);
    return { line, ...(key !== undefined && { key }), status: problem.status, problem };
  }
}

async function putLine(
  deps: Deps,
  { network, caller, id, signal }: BatchRequest,
  { key, record, conditions }: Line,
): Promise<Receipt> {
  const put: Put = {
    ...{ caller, conditions, contentType, signal },
    ref: { ...network, key },
    id: idOf(id, key),
  };
  const tier = chooseTier('record', contentType, record.length);
  return putAs(deps, put, { tier, whole: Readable.from([record], { objectMode: false }) });
}

/** By the key, which a batch has once: the same batch again, or a part of it, names the same puts. */
function idOf(batch: string, key: string): string {
  return createHash('sha256')
    .update(JSON.stringify([batch, key]))
    .digest('hex');
}
