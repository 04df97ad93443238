/** What stands in a batch: NDJSON, a record a line. */
import { batchLimits, batchLine } from '../lib/batch.ts';
import type { Conditions } from '../lib/conditions.ts';
import { BadRequest, TooLarge, Unprocessable, type SelvedgeError } from '../lib/errors.ts';
import { parse } from '../lib/function/envelope.ts';
import { recordLimit } from './decisions.ts';

/** A line that asks for a put. */
export interface Line {
  /** Counted from 1, empty ones too. */
  line: number;
  key: string;
  /** The JSON of the record, as it stands in the line. */
  record: Buffer;
  conditions: Conditions;
}

/** A line of which nothing comes, and why; its key where it has one. */
export interface BadLine {
  line: number;
  key?: string;
  fault: SelvedgeError;
}

/**
 * Reads each line by itself: a bad one says nothing of the others. Lines of one key have no order, so all of
 * them are bad.
 *
 * @throws TooLarge when there are more lines than a batch may have
 * @throws BadRequest when there is none
 */
export function readLines(body: Buffer): (Line | BadLine)[] {
  const { lines: most } = batchLimits;
  const lines = [...split(body)];
  if (lines.length > most) {
    throw new TooLarge(`a batch has at most ${most} lines`, { members: { lines: most } });
  }
  const written = lines.filter(({ bytes }) => !bytes.every(isSpace));
  if (written.length === 0) throw new BadRequest('the batch has no line');
  return apart(written.map(readLine));
}

interface Numbered {
  line: number;
  bytes: Buffer;
}

/** One line more than a batch may have, at most. */
function* split(body: Buffer): Generator<Numbered> {
  for (let [line, start] = [1, 0]; start < body.length && line <= batchLimits.lines + 1; line++) {
    const found = body.indexOf(lineFeed, start);
    const end = found < 0 ? body.length : found;
    yield { line, bytes: body.subarray(start, end) };
    start = end + 1;
  }
}

const lineFeed = 0x0a;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** Bytes of a line: of a record, and of a key and of what it must follow beside it. */
const mostInLine = recordLimit + 16 * 1024;

function readLine({ line, bytes }: Numbered): Line | BadLine {
  if (bytes.length > mostInLine) {
    const members = { limit: recordLimit };
    return { line, fault: new TooLarge(`a record has at most ${recordLimit} bytes`, { members }) };
  }
  try {
    const text = textOf(bytes);
    const { key, ifMatch, ifNoneMatch } = parse(batchLine, jsonOf(text), 'the line');
    const record = Buffer.from(memberText(text, 'value') ?? '');
    return { line, key, record, conditions: { ifMatch, ifNoneMatch } };
  } catch (error) {
    if (error instanceof BadRequest) return { line, fault: error };
    throw error;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new BadRequest('the line is not UTF-8', { cause });
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No cause: the parser's message quotes the data, and causes are logged.
    throw new BadRequest('the line is not JSON');
  }
}

/**
 * The text of a member of an object; of several of that name the last, as `JSON.parse` has it. Parsed and
 * written again, a number may have become another.
 *
 * @param json an object, known to be valid and to have members
 */
function memberText(json: string, name: string): string | undefined {
  const all = [...namesAndValues(json)];
  let found: string | undefined;
  for (const [at, text] of all.entries()) {
    if (at % 2 === 0 && JSON.parse(text) === name) found = all[at + 1];
  }
  return found;
}

const tokens = /"(?:[^"\\]+|\\.)*"|[{}[\],:]/g;
const deeper: Record<string, number> = { '{': 1, '[': 1, '}': -1, ']': -1 };

/** The names and values of an object, in turn, each as it stands there. */
function* namesAndValues(json: string): Generator<string> {
  let [depth, start] = [0, 0];
  for (const { 0: token, index } of json.matchAll(tokens)) {
    const before = depth;
    depth += deeper[token] ?? 0;
    if (Math.max(before, depth) > 1 || token.startsWith('"')) continue;
    if (before === 1) yield json.slice(start, index).trim();
    start = index + 1;
  }
}

/** How many lines of one key are told of: each of them is told the same. */
const mostTold = 10;

/** Nobody can say which of several records of one key was meant to be the last. */
function apart(lines: (Line | BadLine)[]): (Line | BadLine)[] {
  const linesOf = new Map<string, number[]>();
  for (const { line, key } of lines) {
    if (key !== undefined) linesOf.set(key, [...(linesOf.get(key) ?? []), line]);
  }
  return lines.map((one) => {
    const same = one.key === undefined ? [] : (linesOf.get(one.key) ?? []);
    if (same.length < 2) return one;
    const detail = 'the key is that of other lines, too, and lines have no order';
    const fault = new Unprocessable(detail, { members: { lines: same.slice(0, mostTold) } });
    return { line: one.line, key: one.key ?? '', fault };
  });
}
