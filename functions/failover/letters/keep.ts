import { coalesced } from '../../lib/coalesced.ts';
import {
  deadLetterSelector,
  lettersOf,
  toConfigMap,
  type DeadLetter,
  type LetterMap,
} from '../../lib/dead-letter.ts';
import { Conflict, Unavailable } from '../../lib/errors.ts';
import { refOf, type Kubernetes } from '../../lib/kubernetes/client.ts';
import type { Recorder } from '../record.ts';
import { surplus } from './surplus.ts';

export interface KeeperOptions {
  kubernetes: Kubernetes;
  recorder: Pick<Recorder, 'kept' | 'dropped'>;
  namespace: string;
  /** How many letters are kept: some 40 MB at worst, which etcd can spare. */
  most?: number;
}

/**
 * Keeps dead letters, and drops the oldest where they are too many. Either is told.
 *
 * @throws Unavailable when a letter cannot be kept, whyever: only then it is sent here again
 */
export function createKeeper(options: KeeperOptions): (letter: DeadLetter) => Promise<void> {
  const { kubernetes, recorder, namespace } = options;
  const makeRoom = coalesced(() => dropSurplus(options));
  return async (letter) => {
    const map = toConfigMap(letter, namespace);
    try {
      if (await put(kubernetes, map)) await recorder.kept(letter, map.metadata.name);
      await makeRoom();
    } catch (cause) {
      throw new Unavailable('the dead letter cannot be kept now', { cause });
    }
  };
}

/**
 * One that is there already is made anew: whoever just sent that one again must not remove what came
 * back from it.
 *
 * @returns whether there was none
 */
async function put(kubernetes: Kubernetes, map: LetterMap): Promise<boolean> {
  try {
    await kubernetes.create(map);
    return true;
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
  }
  await kubernetes.remove(refOf(map));
  await kubernetes.create(map);
  return false;
}

async function dropSurplus({ kubernetes, recorder, namespace, most = 500 }: KeeperOptions) {
  const letters = await kubernetes.heads(lettersOf(namespace), deadLetterSelector);
  for (const letter of surplus(letters, most)) {
    await kubernetes.remove(refOf(letter));
    await recorder.dropped(letter.metadata.name, most);
  }
}
