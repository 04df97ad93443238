/** Having the chain keep what a whole ciphertext is. */
import { asked } from '../lib/data/chain.ts';
import { format } from '../lib/data/cipher.ts';
import { differences, factOf, type Fact } from '../lib/data/fact.ts';
import type { Revised, StoredIntent } from '../lib/data/model.ts';
import { CommitUnknown, IntegrityError } from '../lib/errors.ts';
import type { Deps } from './deps.ts';
import type { Anchoring, Found } from './group-commit.ts';

/**
 * @param fresh nobody tried to anchor it before; else the chain is asked first
 * @throws CommitUnknown, Unprocessable, Unavailable
 * @throws NotFound when the network is no more
 */
export async function anchor(
  { chain, metadata }: Pick<Deps, 'chain' | 'metadata'>,
  intent: Revised<StoredIntent>,
  fresh: boolean,
): Promise<Anchoring> {
  const { value } = intent;
  const { digest, size } = value.stored;
  const fact = factOf({ ...value, digest, size, format });
  if (!fresh) {
    const found = await asked(chain.find(value, fact.key, fact.version));
    if (found) return requireSame(fact, found);
    const { pending } = value;
    const known = pending === undefined ? undefined : await asked(chain.lookUp(value, pending));
    if (known !== undefined && known !== 'failed') return known;
    // Still unknown after the look-up: sending it again is harmless, as the chaincode takes
    // the same fact twice and keeps the first.
  }
  try {
    return await chain.add(value, fact);
  } catch (error) {
    if (error instanceof CommitUnknown) {
      await metadata.advance(intent, { ...value, pending: error.transactionId });
    }
    throw error;
  }
}

function requireSame(fact: Fact, found: Found): Anchoring {
  if (differences(fact, found).length > 0) {
    throw new IntegrityError('the chain holds another fact for this version');
  }
  return { transactionId: found.transactionId, block: found.block };
}
