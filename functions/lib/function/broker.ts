import { HTTP, type CloudEvent } from 'cloudevents';
import { Unavailable } from '../errors.ts';

/** Where result events go. */
export interface Broker {
  /**
   * Sends one event; returns once the Broker has taken it.
   *
   * @throws Unavailable when the Broker does not take it within the deadline
   */
  send(event: CloudEvent<unknown>): Promise<void>;
}

/** The Broker at a URL, spoken to in binary mode (HTTP protocol binding 1.0, section 3.1). */
export function connectBroker(url: string, timeoutMs = 5_000): Broker {
  return {
    async send(event) {
      const { headers, body } = HTTP.binary(event);
      let response: Response;
      try {
        response = await fetch(url, {
          method: 'POST',
          headers: headers as Record<string, string>,
          body: body as string,
          signal: AbortSignal.timeout(timeoutMs),
        });
      } catch (cause) {
        throw new Unavailable('the Broker does not answer', { cause });
      }
      await response.body?.cancel();
      if (!response.ok) {
        throw new Unavailable(`the Broker answered ${response.status} to ${event.type}`);
      }
    },
  };
}
