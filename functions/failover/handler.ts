import { z } from 'zod';
import type { DeadLetter } from '../lib/dead-letter.ts';
import { reports, type Suspected } from '../lib/events.ts';
import { readJson } from '../lib/function/envelope.ts';
import { endpoint, type Endpoint } from '../lib/function/serve.ts';
import { readLetter } from './letters/read.ts';

const anything = z.object({});

/** Every event that comes here says «look»: the pods' events and the resync are alike. */
export function look(pass: () => Promise<void>): Endpoint<unknown> {
  return endpoint(anything, async () => {
    await pass();
    return { status: 204 };
  });
}

/** A client says of an address that it does not answer: that is noted, and a pass looks for itself. */
export function suspected(
  note: (suspected: Suspected) => void,
  pass: () => Promise<void>,
): Endpoint<unknown> {
  return endpoint(anything, async ({ body }) => {
    note(await readJson(body, reports['dev.selvedge.member.suspected.v1']));
    await pass();
    return { status: 204 };
  });
}

/** Events of any type that no subscriber took. Their path tells them apart: the Broker does not always mark them. */
export function deadLetters(keep: (letter: DeadLetter) => Promise<void>): Endpoint<unknown> {
  return endpoint(anything, async ({ event, body }) => {
    await keep(await readLetter(event, body));
    return { status: 204 };
  });
}
