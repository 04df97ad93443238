/** Events as HTTP messages in binary mode (CloudEvents HTTP protocol binding 1.0, section 3.1). */
import { HTTP, type CloudEvent } from 'cloudevents';

export interface BinaryMessage {
  headers: Record<string, string>;
  body: string;
}

/** An event whose data is JSON. The SDK leaves attributes as they are, and headers hold no more than Latin-1. */
export function binaryMessage(event: CloudEvent<unknown>): BinaryMessage {
  const { headers, body } = HTTP.binary(event);
  const encoded = Object.entries(headers).map(([name, value]) => {
    const text = String(value);
    return [name, name.startsWith('ce-') ? encodeAttribute(text) : text];
  });
  return { headers: Object.fromEntries(encoded) as Record<string, string>, body: body as string };
}

/**
 * An attribute's value as a header's (section 3.1.3.2): UTF-8, percent-encoded but for the printable
 * ASCII characters, of which space, `"` and `%` are encoded too.
 */
export function encodeAttribute(value: string): string {
  return value.replace(/[^\x21-\x7e]+|["%]/gu, (part) => encodeURIComponent(part));
}
