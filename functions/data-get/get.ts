/**
 * The story of a get: current version -> policy -> anchor from the chain -> ciphertext checked
 * against the digest -> decrypt -> stream. Any mismatch is an integrity error, an audit line,
 * and not one byte of plaintext.
 */
import type { Readable } from 'node:stream';
import { decrypt, plaintextSize } from '../lib/data/cipher.ts';
import { bindingOf } from '../lib/data/datum.ts';
import type { Anchored } from '../lib/data/fact.ts';
import type { VersionRecord } from '../lib/data/model.ts';
import { Gone, IntegrityError } from '../lib/errors.ts';
import type { Receipt } from '../lib/events.ts';
import type { Deps, GetRequest } from './deps.ts';
import { audited, noteMismatch, readable } from './readable.ts';
import { mismatches } from './verify.ts';

export interface Head {
  record: VersionRecord;
  /** Bytes of plaintext. */
  size: number;
}

export interface ReceiptView {
  receipt: Receipt;
  /** What a peer says of the version now; null when it knows none. */
  onChain: Anchored | null;
  /** Whether metadata, ciphertext as stored, and chain agree. */
  verified: boolean;
}

/**
 * A version's head, its metadata compared with the chain.
 *
 * @throws NotFound, Gone, Forbidden, IntegrityError, Unavailable
 */
export async function head(deps: Deps, request: GetRequest): Promise<Head> {
  const record = await readable(deps, request);
  await audited(deps, request, record.version, async () => {
    const anchored = await deps.chain.anchor(request.ref, record);
    if (!anchored) throw new IntegrityError('the chain does not know this version');
    const wrong = mismatches(request.ref, record, anchored);
    if (wrong.length > 0) {
      throw new IntegrityError(`the metadata does not match the chain: ${wrong.join(', ')}`);
    }
  });
  return { record, size: plaintextSize(record.size) };
}

/** A version's plaintext, as a stream that fails rather than give a byte that is not verified. */
export async function content(deps: Deps, request: GetRequest): Promise<Head & { body: Readable }> {
  const { record, size } = await head(deps, request);
  const note = (error: unknown): void => noteMismatch(deps, request, record.version, error);
  return audited(deps, request, record.version, async () => {
    // Both are needed before the first byte, and neither depends on the other.
    const [dataKey, sealed] = await settled([
      deps.keys.unwrap(record.owner, record.wrapped),
      present(deps, request, deps.ciphertexts.verified(request.ref, record, request.signal)),
    ]);
    const plain = decrypt(dataKey, bindingOf(request.ref, record));
    sealed.on('error', (error) => plain.destroy(error));
    plain.on('close', () => sealed.destroy());
    await firstByte(sealed.pipe(plain));
    dataKey.fill(0);
    plain.on('error', note);
    return { record, size, body: plain };
  });
}

/** The receipt, with everything read and compared anew. A mismatch is told, not thrown. */
export async function receipt(deps: Deps, request: GetRequest): Promise<ReceiptView> {
  const { ref } = request;
  const record = await readable(deps, request);
  const { version, tier, index, digest, owner, transactionId, block, createdAt } = record;
  const onChain = (await deps.chain.read(ref, record)) ?? null;
  const verified =
    onChain !== null &&
    mismatches(ref, record, onChain).length === 0 &&
    (await deps.ciphertexts.matches(ref, onChain, request.signal));
  if (!verified) {
    noteMismatch(deps, request, version, new IntegrityError('the receipt does not verify'));
  }
  return {
    receipt: {
      ...{ network: ref.network, key: ref.key, version, tier, index, digest },
      ...{ size: plaintextSize(record.size), owner, transactionId, block, createdAt },
    },
    onChain,
    verified,
  };
}

/** Ciphertext that is gone because its datum was erased meanwhile is no mismatch. */
async function present<T>(deps: Deps, { ref }: GetRequest, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    const datum = await deps.metadata.datum(ref);
    if (!datum || datum.value.erasedAt !== undefined) throw new Gone('the datum was erased');
    throw error;
  }
}

/** Both results, or the first error once both have settled: no stream is left behind. */
async function settled<T>([key, stream]: [Promise<T>, Promise<Readable>]): Promise<[T, Readable]> {
  const [first, second] = await Promise.allSettled([key, stream]);
  if (first.status === 'fulfilled' && second.status === 'fulfilled') {
    return [first.value, second.value];
  }
  if (second.status === 'fulfilled') second.value.destroy();
  throw second.status === 'rejected' ? second.reason : (first as PromiseRejectedResult).reason;
}

/** Waits until the first frame is verified, so that its failure is still an honest answer. */
async function firstByte(stream: Readable): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.once('readable', resolve).once('end', resolve).once('error', reject);
  });
}
