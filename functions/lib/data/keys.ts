/**
 * Data keys: fresh 256-bit keys for one version of a datum, wrapped by the transit key of the
 * datum's owner in Vault (`user-<id>`, AES-256-GCM). Destroying that key makes every
 * ciphertext of the user noise.
 */
import { randomBytes } from 'node:crypto';
import { Gone, IntegrityError, NotFound } from '../errors.ts';
import { eachGroup, inTurns } from '../turns.ts';
import { VaultRefusal, type Vault } from '../vault/client.ts';
import { keyName } from '../vault/user-keys.ts';
import { createUserNotes } from '../vault/user-notes.ts';
import type { VersionRecord } from './model.ts';

export interface DataKey {
  /** 32 bytes. Never stored, never logged. */
  plaintext: Buffer;
  /** The same key under the owner's transit key, as Vault writes it (`vault:v1:…`). */
  wrapped: string;
}

/** Which of these a function may call is decided by its Vault role. */
export interface Keys {
  /**
   * A fresh data key of the user, whose transit key is made on first use, once and never again.
   *
   * @throws Gone when the user's key was destroyed
   */
  dataKey(user: string): Promise<DataKey>;
  /**
   * @throws IntegrityError when the wrapped key was changed or is another user's
   * @throws Gone when the user's key was destroyed
   */
  unwrap(user: string, wrapped: string): Promise<Buffer>;
  /**
   * A keyed fingerprint of a short text, as only Vault can compute it: unlike a bare hash it
   * tells nothing about low-entropy content (HMAC-SHA-256, RFC 2104).
   *
   * @param like an earlier fingerprint, to use the same version of the key
   * @throws Gone when the user's key was destroyed
   */
  fingerprint(user: string, text: string, like?: string): Promise<string>;
  /**
   * For what is told of a user's data without the key.
   *
   * @throws Gone when the user's key was destroyed
   */
  requireKept(user: string): Promise<void>;
}

/** Milliseconds for which a note counts that was read: for so long a put may not know that the key was destroyed. */
const noteLasts = 60_000;

/** How many users are remembered whose note was seen. */
const mostRemembered = 10_000;

export function createKeys(vault: Vault, mount = 'transit', now: () => number = Date.now): Keys {
  const notes = createUserNotes(vault);
  /** Until when the note of a user counts that was seen. */
  const seen = new Map<string, number>();

  const use = async (user: string, path: string, body: Record<string, unknown>) => {
    try {
      return await found(vault.write(path, body));
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (await notes.read(user)) throw destroyed(error);
      await vault.write(`${mount}/keys/${keyName(user)}`, { type: 'aes256-gcm96' });
      return await found(vault.write(path, body));
    }
  };

  const note = async (user: string): Promise<void> => {
    if ((seen.get(user) ?? 0) > now()) return;
    const { destroyedAt } = (await notes.read(user)) ?? (await notes.make(user));
    if (destroyedAt !== undefined) throw destroyed();
    if (seen.size >= mostRemembered) seen.clear();
    seen.set(user, now() + noteLasts);
  };

  /**
   * Whatever is given is given after the note: of whom anything is stored, the key is not made again, and of one
   * that was made while it was destroyed nothing is given.
   */
  const keyed = async (...given: Parameters<typeof use>): Promise<Record<string, unknown>> => {
    const answer = await use(...given);
    await note(given[0]);
    return answer;
  };

  const requireKept: Keys['requireKept'] = async (user) => {
    if ((await notes.read(user))?.destroyedAt !== undefined) throw destroyed();
  };

  /** Who may only wrap under a key that is there is refused where it went meanwhile. */
  const wrap = async (user: string, input: { plaintext: string }[]) => {
    const path = `${mount}/encrypt/${keyName(user)}`;
    try {
      return await keyed(user, path, { batch_input: input });
    } catch (error) {
      if (error instanceof VaultRefusal) await requireKept(user);
      throw error;
    }
  };

  /** The first as Vault makes it: it makes the user's key where there is none, or finds it destroyed. */
  const dataKeys = async (asked: ByUser[]): Promise<DataKey[]> => {
    const [{ user }, ...others] = asked as [ByUser, ...ByUser[]];
    const path = `${mount}/datakey/plaintext/${keyName(user)}`;
    const { plaintext, ciphertext } = await keyed(user, path, { bits: 256 });
    const key = Buffer.from(String(plaintext), 'base64');
    const first = { plaintext: key, wrapped: String(ciphertext) };
    if (others.length === 0) return [first];
    const fresh = others.map(() => randomBytes(32));
    const input = fresh.map((one) => ({ plaintext: one.toString('base64') }));
    const texts = resultsOf(await wrap(user, input), 'ciphertext', fresh.length);
    return [first, ...fresh.map((one, at) => ({ plaintext: one, wrapped: texts[at] as string }))];
  };

  const fingerprints = async (asked: Fingerprinted[]): Promise<string[]> => {
    const [{ user, version }] = asked as [Fingerprinted];
    const input = asked.map(({ text }) => ({ input: Buffer.from(text).toString('base64') }));
    const body = {
      ...(input.length === 1 ? input[0] : { batch_input: input }),
      ...(version !== undefined && { key_version: version }),
    };
    const answer = await keyed(user, `${mount}/hmac/${keyName(user)}`, body);
    return input.length === 1 ? [String(answer['hmac'])] : resultsOf(answer, 'hmac', input.length);
  };

  const dataKeyOf = inTurns((asked: ByUser[]) => eachGroup(asked, ({ user }) => user, dataKeys));
  const fingerprintOf = inTurns((asked: Fingerprinted[]) =>
    eachGroup(asked, ({ user, version }) => JSON.stringify([user, version]), fingerprints),
  );

  return {
    requireKept,

    dataKey: (user) => dataKeyOf({ user }),

    async unwrap(user, wrapped) {
      try {
        const path = `${mount}/decrypt/${keyName(user)}`;
        const { plaintext } = await found(vault.write(path, { ciphertext: wrapped }));
        return Buffer.from(String(plaintext), 'base64');
      } catch (error) {
        if (isMissing(error)) throw destroyed(error);
        if (!(error instanceof VaultRefusal) || error.status !== 400) throw error;
        await requireKept(user);
        throw new IntegrityError('the data key does not open with its owner’s key', {
          cause: error,
        });
      }
    },

    fingerprint: (user, text, like) => {
      const version = like === undefined ? undefined : keyVersion(like);
      return fingerprintOf({ user, text, version });
    },
  };
}

interface ByUser {
  user: string;
}

interface Fingerprinted extends ByUser {
  text: string;
  /** Of the key. */
  version: number | undefined;
}

/** What Vault answers to each of a batch, in its order. */
function resultsOf(answer: Record<string, unknown>, member: string, count: number): string[] {
  const results = answer['batch_results'] as Record<string, unknown>[];
  const texts = results.map((one) => one[member]);
  const isWhole = texts.length === count && texts.every((one) => typeof one === 'string');
  if (!isWhole) throw new Error(`Vault did not answer all of a batch with a ${member}`);
  return texts;
}

/** What the data key of a version is to be unwrapped from. */
export function wrappingOf({
  wrapped,
  rewrapped,
}: Pick<VersionRecord, 'wrapped' | 'rewrapped'>): string {
  return rewrapped ?? wrapped;
}

/** The version of the user's key that something of Vault's is made with; undefined for what is not Vault's. */
export function keyVersion(made: string): number | undefined {
  const [, version] = /^vault:v(\d+):/.exec(made) ?? [];
  return version === undefined ? undefined : Number(version);
}

function destroyed(cause?: unknown): Gone {
  return new Gone('the key of the owner was destroyed', { cause });
}

async function found(
  answer: Promise<Record<string, unknown> | undefined>,
): Promise<Record<string, unknown>> {
  const data = await answer;
  if (!data) throw new NotFound('there is no such key in Vault');
  return data;
}

/** Transit says 400 «encryption key not found» where other engines say 404. */
function isMissing(error: unknown): boolean {
  if (error instanceof NotFound) return true;
  return error instanceof VaultRefusal && /(encryption|signing) key not found/i.test(error.message);
}
