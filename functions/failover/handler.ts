import { z } from 'zod';
import { endpoint, type Endpoint } from '../lib/function/serve.ts';
import type { Recorder } from './record.ts';

/** What the Broker adds to an event that no subscriber took. */
const attributes = z.object({
  knativeerrordest: z.string().optional(),
  knativeerrorcode: z.string().optional(),
});

/**
 * Every event that comes here says «look»: the pods' events and the resync are alike. The one
 * other kind are dead letters, of any type, known by what the Broker adds to them.
 */
export function endpoints(
  pass: () => Promise<void>,
  recorder: Recorder,
): Record<string, Endpoint<unknown>> {
  return {
    '*': endpoint(
      attributes,
      async ({ event, attributes: { knativeerrordest, knativeerrorcode } }) => {
        if (knativeerrordest === undefined) {
          await pass();
        } else {
          const { type, source, id } = event;
          const code = knativeerrorcode ?? 'no answer';
          await recorder.deadLetter({ type, source, id, destination: knativeerrordest, code });
        }
        return { status: 204 };
      },
    ),
  };
}
