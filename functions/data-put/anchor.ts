/** Having the chain keep what a whole ciphertext is. */
import { persist } from '../lib/backoff.ts';
import { asked } from '../lib/data/chain.ts';
import { format } from '../lib/data/cipher.ts';
import { metaDigest } from '../lib/data/digests.ts';
import { differences, type NextVersion, type VersionFact } from '../lib/data/fact.ts';
import type { Revised, StoredIntent } from '../lib/data/model.ts';
import { CommitUnknown, IntegrityError, Unprocessable } from '../lib/errors.ts';
import type { Deps } from './deps.ts';
import type { Anchoring, Found } from './group-commit.ts';

/** Together some two seconds: a peer that is alive has a block by then. */
const lagging = { tries: 8, firstMs: 50, mostMs: 500 };

/**
 * @param fresh nobody tried to anchor it before; else the chain is asked first
 * @throws CommitUnknown, Unprocessable, Unavailable, IntegrityError
 * @throws NotFound when the network is no more
 */
export async function anchor(
  deps: Pick<Deps, 'chain' | 'metadata' | 'names'>,
  intent: Revised<StoredIntent>,
  fresh: boolean,
): Promise<Anchoring> {
  const { chain, metadata } = deps;
  const { value } = intent;
  const fact = await factFor(deps.names, value);
  const { after } = value;
  if (!fresh) {
    const found = await findAgain(chain, value);
    if (found) return requireSame(fact, found);
    // Sending it again is harmless, whatever became of an earlier transaction: the chaincode takes the
    // same fact twice and keeps the first.
  }
  try {
    if (after === undefined) return await chain.add(value, fact);
    return await addAfter(deps, value, { ...fact, after });
  } catch (error) {
    if (error instanceof CommitUnknown) {
      await metadata.advance(intent, { ...value, pending: error.transactionId });
    }
    throw error;
  }
}

/** Peers that lag refuse what follows a version that they do not have yet: they are asked again. */
async function addAfter(
  { chain }: Pick<Deps, 'chain'>,
  intent: StoredIntent,
  fact: NextVersion & { after: number },
): Promise<Anchoring> {
  let refusal: unknown;
  const anchoring = await persist(lagging, async () => {
    try {
      return await chain.add(intent, fact);
    } catch (error) {
      if (!(error instanceof Unprocessable)) throw error;
      refusal = error;
      const head = await asked(chain.head(intent, fact.id));
      if ((head?.version ?? 0) > fact.after) throw error;
      return undefined;
    }
  });
  if (!anchoring) throw refusal;
  return anchoring;
}

async function factFor(names: Deps['names'], intent: StoredIntent): Promise<VersionFact> {
  const { incarnation, index, owner, policy, stored } = intent;
  const { digest, size, wrapped } = stored;
  const id = await names.idOf(intent);
  return {
    ...{ kind: 'version', id, incarnation, index, digest, size, owner, format, policy },
    meta: metaDigest({ ...intent, wrapped }),
  };
}

/** The version that an earlier try anchored, if any; one whose transaction is on its way is waited for. */
async function findAgain(chain: Deps['chain'], intent: StoredIntent): Promise<Found | undefined> {
  const { index, pending } = intent;
  const found = await asked(chain.find(intent, index));
  if (found || pending === undefined) return found;
  const isCommitted = await asked(chain.isCommitted(intent, pending));
  return isCommitted ? asked(chain.find(intent, index)) : undefined;
}

function requireSame(fact: VersionFact, found: Found): Anchoring {
  if (differences(fact, found).length > 0) {
    throw new IntegrityError('the chain holds another fact for this ciphertext');
  }
  const { version, transactionId, block } = found;
  return { version, transactionId, block };
}
