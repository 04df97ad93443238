/** What follows once the chain says that a datum is erased; the story is told in erasure.ts. */
import { persist } from '../lib/backoff.ts';
import { concurrently } from '../lib/concurrently.ts';
import { asked } from '../lib/data/chain.ts';
import { keys, type DatumRef } from '../lib/data/datum.ts';
import type { Head } from '../lib/data/fact.ts';
import type { Closing } from '../lib/data/erasures.ts';
import { FateOpen, IntegrityError, Unavailable } from '../lib/errors.ts';
import { contention } from './claim.ts';
import type { Deps } from './deps.ts';
import { eventId } from './outbox.ts';
import { removeCiphertext } from './store.ts';

/** How many versions are removed at the same time. */
const mostAtOnce = 8;

export type Finishing = Pick<Deps, 'metadata' | 'objects' | 'chain' | 'names' | 'announce' | 'now'>;

/**
 * Removes what is left of a datum that the chain says is erased. May run at once with itself.
 *
 * @throws FateOpen, Unavailable
 */
export async function finishErasure(deps: Finishing, ref: DatumRef, head: Head): Promise<void> {
  await close(deps, ref, head);
  await removeAll(deps, ref, head);
}

/**
 * Closes the datum, so that nothing of it is published any more, and removes what opens its ciphertexts.
 *
 * @throws FateOpen, Unavailable
 */
export async function close(
  { metadata, announce, now }: Finishing,
  ref: DatumRef,
  { owner }: Head,
): Promise<void> {
  const event = eventOf(ref, owner, now());
  const closed = await persist(contention, async () => {
    const datum = await metadata.datum(ref);
    if (!(await metadata.close({ ref, datum, event }))) return undefined;
    return { first: datum !== undefined && datum.value.erasedAt === undefined };
  });
  if (!closed) throw new FateOpen('others kept changing the datum; it is removed later');
  while (!(await metadata.eraseVersions(ref)));
  if (closed.first) announce(event);
}

/** Removes every ciphertext that the chain names as the datum's, and strikes the note. */
export async function removeAll(
  deps: Finishing,
  ref: DatumRef,
  { version: last }: Head,
): Promise<void> {
  const versions = Array.from({ length: last }, (_, before) => before + 1);
  await concurrently(mostAtOnce, versions, (version) => removeVersion(deps, ref, version));
  await deps.metadata.remove(keys.erasure(ref));
}

function eventOf(ref: DatumRef, owner: string, now: Date): Closing['event'] {
  const { network, key } = ref;
  const erasedAt = now.toISOString();
  return {
    id: eventId(ref, 'erased'),
    type: 'dev.selvedge.data.erased.v1',
    subject: `${network}/${key}`,
    createdAt: erasedAt,
    data: { network, key, owner, erasedAt },
  };
}

/** Removes a ciphertext that the chain names as the datum's: of no other is it one. */
async function removeVersion(deps: Finishing, ref: DatumRef, version: number): Promise<void> {
  const found = await asked(deps.chain.version(ref, await deps.names.idOf(ref), version));
  if (!found) throw new Unavailable(`version ${version} is not to be learnt now`);
  try {
    await removeCiphertext(deps, { ...ref, index: found.index });
  } catch (error) {
    // Out of an intent that was made up, the chain may name a place where nothing of the network can be.
    if (!(error instanceof IntegrityError)) throw error;
  }
}
