import type { Readable } from 'node:stream';
import type { DeadLetter } from '../../lib/dead-letter.ts';
import { structured, type Envelope } from '../../lib/function/envelope.ts';

/** Bytes of data that are kept: what an event through a Broker may safely have. */
const mostData = 64 * 1024;

/** Characters of an answer that are kept: the Broker tells about as many. */
const mostAnswer = 1024;

/** What of an event is the Broker's and not its sender's: why it died, and how often it may go round. */
const added = ['knativeerrordest', 'knativeerrorcode', 'knativeerrordata', 'knativebrokerttl'];

/** A dead letter of an event as a dispatcher of the Broker sends it: the event as it was, and why it died. */
export async function readLetter(came: Envelope, body: Readable): Promise<DeadLetter> {
  const { bytes, size } = await readUpTo(body, mostData);
  const attributes = Object.entries(came).filter(([name]) => !added.includes(name));
  const event = structured(Object.fromEntries(attributes) as Envelope, bytes);
  const { id, source, type } = came;
  return {
    event: { ...event, id, source, type },
    ...whyOf(came),
    ...(size > mostData && { dataLeftOut: size }),
  };
}

/** Of a subscriber that did not answer there is no code, and what is told for its answer is what went wrong. */
function whyOf({ knativeerrordest, knativeerrorcode, knativeerrordata }: Envelope) {
  const [subscriber, code] = [textOf(knativeerrordest), textOf(knativeerrorcode)];
  const answer = Buffer.from(textOf(knativeerrordata) ?? '', 'base64').toString();
  return {
    ...(subscriber !== undefined && { subscriber }),
    ...(code !== undefined && { code }),
    ...(answer !== '' && { answer: answer.slice(0, mostAnswer) }),
  };
}

function textOf(attribute: unknown): string | undefined {
  return typeof attribute === 'string' || typeof attribute === 'number'
    ? String(attribute)
    : undefined;
}

/** All bytes where they are no more than `limit`; of more, only how many they are. */
async function readUpTo(body: Readable, limit: number): Promise<{ bytes: Buffer; size: number }> {
  let size = 0;
  let chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks = [];
  }
  return { bytes: Buffer.concat(chunks), size };
}
