import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { BadRequest, TooLarge } from '../errors.ts';

/** The attributes every CloudEvent has (CloudEvents 1.0, section 3), and its extensions. */
const envelope = z.looseObject({
  specversion: z.literal('1.0'),
  type: z.string().min(1),
  source: z.string().min(1),
  id: z.string().min(1),
  subject: z.string().min(1).optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  datacontenttype: z.string().optional(),
});
export type Envelope = z.infer<typeof envelope>;

/** An event as it came over HTTP: its attributes, and its data as a stream of bytes. */
export interface Message {
  envelope: Envelope;
  body: Readable;
}

/** Structured-mode events are read whole; this is the safe size through a Broker, and more. */
const structuredLimit = 1024 * 1024;

/**
 * Reads a CloudEvent from an HTTP request by the HTTP protocol binding 1.0: binary mode
 * (attributes in `ce-` headers, the body is the data and stays a stream) or structured mode.
 *
 * @throws BadRequest naming every attribute that is missing or malformed
 * @throws TooLarge when a structured-mode event is over 1 MiB
 */
export async function readMessage(headers: IncomingHttpHeaders, body: Readable): Promise<Message> {
  const contentType = (headers['content-type'] ?? '').toLowerCase();
  if (contentType.startsWith('application/cloudevents-batch')) {
    throw new BadRequest('batches of events are not taken; send one event a request');
  }
  return contentType.startsWith('application/cloudevents')
    ? readStructured(body)
    : { envelope: check(binaryAttributes(headers)), body };
}

/** An event in structured mode (JSON event format 1.0.2): its attributes beside `data` or `data_base64`. */
export type StructuredEvent = Record<string, unknown>;

/**
 * Writes an event for structured mode. JSON and text stand in it as they are where every reader gets
 * the same bytes back; all else as base64.
 */
export function structured(envelope: Envelope, data: Buffer): StructuredEvent {
  return { ...envelope, ...(data.length > 0 && dataMember(data, envelope.datacontenttype)) };
}

function dataMember(bytes: Buffer, type: string | undefined): StructuredEvent {
  const text = bytes.toString();
  if (!isJson(type) && Buffer.from(text).equals(bytes)) return { data: text };
  const value = jsonOf(text);
  // Numbers that JavaScript cannot hold, and spaces, would not come back as they were.
  if (isJson(type) && JSON.stringify(value) === text) return { data: value };
  return { data_base64: bytes.toString('base64') };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Checks values against a schema; the error lists every fault with its path. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({
    path: path.join('.'),
    message,
  }));
  const fields = errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new BadRequest(`${what} is malformed: ${fields.join('; ')}`, {
    members: { errors },
    cause: result.error,
  });
}

/**
 * Reads the data of an event as JSON.
 *
 * @param limit the most bytes to read
 * @throws BadRequest when it is not JSON or does not fit the schema
 * @throws TooLarge when there is more than `limit`
 */
export async function readJson<T>(
  body: Readable,
  schema: z.ZodType<T>,
  limit: number = structuredLimit,
): Promise<T> {
  const source = await text(atMost(body, limit));
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    // No cause: the parser's message quotes the data, and causes are logged.
    throw new BadRequest('the data of the event is not JSON');
  }
  return parse(schema, value, 'the data of the event');
}

/**
 * Reads the data of an event as text, whatever its type says.
 *
 * @param limit the most bytes to read
 * @throws BadRequest when it is not UTF-8
 * @throws TooLarge when there is more than `limit`
 */
export async function readText(body: Readable, limit: number): Promise<string> {
  const bytes = await readBytes(body, limit);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new BadRequest('the data of the event is not UTF-8', { cause });
  }
}

/**
 * Reads the data of an event as a whole.
 *
 * @param limit the most bytes to read
 * @throws TooLarge when there is more than `limit`
 */
export function readBytes(body: Readable, limit: number): Promise<Buffer> {
  return buffer(atMost(body, limit));
}

async function readStructured(body: Readable): Promise<Message> {
  const event = await readJson(body, z.looseObject({}), structuredLimit);
  const { data, data_base64: encoded, ...attributes } = event;
  const bytes =
    typeof encoded === 'string'
      ? Buffer.from(encoded, 'base64')
      : Buffer.from(textOf(data, attributes['datacontenttype']));
  return { envelope: check(attributes), body: Readable.from([bytes]) };
}

/** JSON event format 1.0.2, section 3.1: a string is itself, but where the data is said to be JSON. */
function textOf(data: unknown, type: unknown): string {
  if (data === undefined) return '';
  return typeof data === 'string' && !isJson(type) ? data : JSON.stringify(data);
}

/** Data of no stated type is JSON in structured mode. */
function isJson(type: unknown): boolean {
  return typeof type !== 'string' || /[/+]json\s*(;|$)/i.test(type);
}

function check(attributes: Record<string, unknown>): Envelope {
  return parse(envelope, attributes, 'the event');
}

function binaryAttributes(headers: IncomingHttpHeaders): Record<string, unknown> {
  const attributes: Record<string, unknown> = { datacontenttype: headers['content-type'] };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && typeof value === 'string') {
      attributes[name.slice(3)] = percentDecode(name, value);
    }
  }
  return attributes;
}

/** Header values are percent-encoded UTF-8 (HTTP protocol binding, section 3.1.3.2). */
function percentDecode(name: string, value: string): string {
  try {
    return decodeURIComponent(value);
  } catch (cause) {
    throw new BadRequest(`the header ${name} is not percent-encoded UTF-8`, { cause });
  }
}

async function* atMost(body: Readable, limit: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new TooLarge(`the data is over ${limit} bytes`, { members: { limit } });
    yield chunk;
  }
}
