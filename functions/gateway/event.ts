import { randomUUID } from 'node:crypto';
import type { RequestType } from '../lib/events.ts';
import { encodeAttribute } from '../lib/function/binary.ts';

/** Names the gateway as the source of events; their ids are unique within it. */
const gatewaySource = '/gateway';

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
    source: gatewaySource,
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
