/** Dead letters, which `failover` keeps: listed, sent again, dropped. */
import {
  deadLetterSelector,
  fromConfigMap,
  lettersOf,
  type KeptLetter,
} from '../../functions/lib/dead-letter.ts';
import { Conflict } from '../../functions/lib/errors.ts';
import type { Kubernetes } from '../../functions/lib/kubernetes/client.ts';

export interface Letters {
  kubernetes: Kubernetes;
  namespace: string;
  /** Sends an event to the Broker; throws when it was not taken. */
  send: (event: object) => Promise<void>;
  say: (line: string) => void;
}

/** Which of them: those named, or all. */
export interface Choice {
  ids: readonly string[];
  all?: boolean | undefined;
}

/** All that are kept, those first that came first. */
export async function listLetters({
  kubernetes,
  namespace,
}: Pick<Letters, 'kubernetes' | 'namespace'>): Promise<KeptLetter[]> {
  const maps = await kubernetes.list(lettersOf(namespace), deadLetterSelector);
  return maps.map(fromConfigMap).sort(byArrival);
}

function byArrival(a: KeptLetter, b: KeptLetter): number {
  return (a.arrived ?? '').localeCompare(b.arrived ?? '') || a.id.localeCompare(b.id);
}

/** @throws Error that says what to give instead */
export function choose(letters: readonly KeptLetter[], { ids, all = false }: Choice): KeptLetter[] {
  if (all === ids.length > 0) throw new Error('say which: the ids that `list` shows, or --all');
  const unknown = ids.filter((id) => letters.every((letter) => letter.id !== id));
  if (unknown.length > 0)
    throw new Error(`no dead letter is called ${unknown.join(' or ')}; see: selvedge events list`);
  return letters.filter(({ id }) => all || ids.includes(id));
}

/**
 * Sends events again, as they were, and forgets each that the Broker took.
 *
 * @throws Error at the end, when one was not taken: it is still kept
 */
export async function replay(letters: Letters, choice: Choice): Promise<void> {
  const chosen = choose(await listLetters(letters), choice);
  let failed = 0;
  for (const letter of chosen) {
    try {
      await resend(letters, letter);
      letters.say(`${letter.id} was sent again`);
    } catch (error) {
      failed++;
      letters.say(
        `${letter.id} is kept: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
  if (failed > 0) throw new Error(`${failed} of ${chosen.length} were not sent again`);
}

/** @throws Error when it is kept, and why */
async function resend({ kubernetes, namespace, send }: Letters, letter: KeptLetter): Promise<void> {
  const { event, dataLeftOut, name, uid } = letter;
  if (dataLeftOut !== undefined)
    throw new Error(
      `its ${dataLeftOut} bytes of data were too many; its source must send it again`,
    );
  await send(event);
  try {
    await kubernetes.remove({ ...lettersOf(namespace), name }, uid === undefined ? {} : { uid });
  } catch (error) {
    // Under its name lies what came back of this very sending.
    if (!(error instanceof Conflict)) throw error;
    throw new Error('it was sent again, and again not taken', { cause: error });
  }
}

/** Forgets letters. */
export async function drop(letters: Letters, choice: Choice): Promise<void> {
  const { kubernetes, namespace, say } = letters;
  for (const { id, name } of choose(await listLetters(letters), choice)) {
    await kubernetes.remove({ ...lettersOf(namespace), name });
    say(`${id} was dropped`);
  }
}
