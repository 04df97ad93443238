import { randomUUID } from 'node:crypto';
import type { RequestType } from '../lib/events.ts';

/** Names the gateway as the source of events; their ids are unique within it. */
const SOURCE = '/gateway';

/**
 * The headers of a CloudEvent in binary mode (CloudEvents HTTP protocol binding 1.0, section 3.1).
 *
 * @param attributes extension attributes; those without a value are left out
 */
export function eventHeaders(
  type: RequestType,
  attributes: Record<string, string | number | undefined>,
): Record<string, string> {
  const all: Record<string, string | number | undefined> = {
    specversion: '1.0',
    type,
    source: SOURCE,
    id: randomUUID(),
    time: new Date().toISOString(),
    ...attributes,
  };
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) headers[`ce-${name}`] = encodeAttribute(String(value));
  }
  return headers;
}

/**
 * An attribute's value as a header's (section 3.1.3.2): UTF-8, percent-encoded but for the printable
 * ASCII characters, of which space, `"` and `%` are encoded too.
 */
export function encodeAttribute(value: string): string {
  return value.replace(/[^\x21-\x7e]+|["%]/gu, (part) => encodeURIComponent(part));
}
