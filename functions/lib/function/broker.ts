import type { CloudEvent } from 'cloudevents';
import { Unavailable } from '../errors.ts';
import { binaryMessage } from './binary.ts';

/** Where result events go. */
export interface Broker {
  /**
   * Sends one event; returns once the Broker has taken it.
   *
   * @throws Unavailable when the Broker does not take it within the deadline
   * @throws BrokerRefusal when it is this one that it does not take
   */
  send(event: CloudEvent<unknown>): Promise<void>;
}

/** The Broker answers, and does not take this event: what others are sent may well be taken. */
export class BrokerRefusal extends Unavailable {}

/** What is said of an event, not of the Broker: what Knative does not try again. */
const isRefusal = (status: number): boolean =>
  status >= 400 && status < 500 && ![404, 408, 409, 429].includes(status);

/** The Broker at a URL, spoken to in binary mode (HTTP protocol binding 1.0, section 3.1). */
export function connectBroker(url: string, timeoutMs = 5_000): Broker {
  return {
    async send(event) {
      const { headers, body } = binaryMessage(event);
      let response: Response;
      try {
        response = await fetch(url, {
          method: 'POST',
          headers,
          body,
          signal: AbortSignal.timeout(timeoutMs),
        });
      } catch (cause) {
        throw new Unavailable('the Broker does not answer', { cause });
      }
      await response.body?.cancel();
      if (response.ok) return;
      const said = `the Broker answered ${response.status} to ${event.type}`;
      throw isRefusal(response.status) ? new BrokerRefusal(said) : new Unavailable(said);
    },
  };
}
