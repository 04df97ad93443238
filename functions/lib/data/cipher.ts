/**
 * The cipher format `selvedge-2`: AES-256-GCM (SP 800-38D) over frames of fixed size in the
 * STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, CRYPTO 2015), so that data of any
 * size is encrypted and decrypted in bounded memory and no byte is released before the tag of
 * its frame is verified.
 *
 *     header  magic "SLVG" (4) | format version (1) | log2 of the frame size (1) | zero (2)
 *             | nonce prefix (7) | zero (1) | key commitment (32)
 *     frame   ciphertext (frame size; the last one 0 to frame size) | tag (16)
 *
 * The nonce of a frame is: prefix (7) | frame number (4, big-endian) | last-frame flag (1). The
 * number defeats reordering and duplication, the flag truncation and extension. Every version
 * of a datum has its own key, so a nonce is never used twice under one key. The commitment is
 * HMAC-SHA-256 of the header and the associated data under a key derived from the data key
 * (HKDF, RFC 5869): GCM alone would let one ciphertext open under two keys. Every frame has the
 * header and the binding as associated data. In this format the digest that the chain has is a Merkle tree
 * hash over the frames (leaves.ts).
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import type { Transform } from 'node:stream';
import { IntegrityError } from '../errors.ts';
import { associatedData, type Binding } from './datum.ts';
import { Framer } from './frames.ts';

/** The name of the format, as it stands on the chain. */
export const format = 'selvedge-2';

const magic = Buffer.from('SLVG');
const formatVersion = 2;
const tagLength = 16;
const prefixLength = 7;
const fixedLength = 16;
export const headerLength = fixedLength + 32;
const frameBits = 16;
/** Bytes of a frame as it is stored, but for the last one, which may be shorter. */
export const sealedFrame = 2 ** frameBits + tagLength;
/** SP 800-38D bounds one nonce to 64 GiB and we bound a frame far below; numbers have 32 bits. */
const maxFrames = 2 ** 32;

/** Bytes of ciphertext for so many bytes of plaintext. */
export function ciphertextSize(plaintext: number): number {
  const frames = Math.max(1, Math.ceil(plaintext / 2 ** frameBits));
  return headerLength + plaintext + frames * tagLength;
}

/** Frames of so many bytes of ciphertext. */
export function frameCount(ciphertext: number): number {
  return Math.ceil((ciphertext - headerLength) / sealedFrame);
}

/** Frames that follow one another, by the numbers of the first and the last. */
export interface Frames {
  first: number;
  last: number;
}

/** A range of bytes, by the positions of the first and the last. */
export interface Range {
  first: number;
  last: number;
}

/** The frames that hold a range of the plaintext. */
export function framesOf({ first, last }: Range): Frames {
  return { first: Math.floor(first / 2 ** frameBits), last: Math.floor(last / 2 ** frameBits) };
}

/** Where the plaintext of a frame begins. */
export function plaintextStart(frame: number): number {
  return frame * 2 ** frameBits;
}

/** Where a frame begins in the ciphertext. */
export function sealedStart(frame: number): number {
  return headerLength + frame * sealedFrame;
}

/**
 * Bytes of plaintext in so many bytes of ciphertext.
 *
 * @throws IntegrityError for a size that no ciphertext of this format has
 */
export function plaintextSize(ciphertext: number): number {
  const frames = frameCount(ciphertext);
  const size = ciphertext - headerLength - frames * tagLength;
  if (size < 0 || frames < 1 || ciphertextSize(size) !== ciphertext) throw broken('its size');
  return size;
}

/**
 * Encrypts what is written to it.
 *
 * @param dataKey 32 bytes, used for this one ciphertext only
 * @param prefix of the nonces, by chance; test vectors have one that stays
 */
export function encrypt(
  dataKey: Buffer,
  binding: Binding,
  prefix: Buffer = randomBytes(prefixLength),
): Transform {
  const fixed = Buffer.concat([
    magic,
    Buffer.from([formatVersion, frameBits, 0, 0]),
    prefix,
    Buffer.alloc(1),
  ]);
  const suite = derive(dataKey, fixed, binding);
  const header = Buffer.concat([fixed, suite.commitment]);
  return new Framer(2 ** frameBits, {
    start: header,
    frame: (plaintext, number, last) => {
      const cipher = createCipheriv('aes-256-gcm', suite.key, suite.nonce(number, last), {
        authTagLength: tagLength,
      });
      cipher.setAAD(suite.associatedData);
      return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
  });
}

/** Which frames of a ciphertext follow its header; all of them when nothing is said. */
export interface Portion {
  /** The number of the first one. */
  first: number;
  /** Whether the last one is the ciphertext's own last. */
  toEnd: boolean;
}

/**
 * Decrypts what is written to it, a header and frames; fails with IntegrityError at the first frame that
 * does not verify, and releases none of its bytes.
 */
export function decrypt(
  dataKey: Buffer,
  binding: Binding,
  { first, toEnd }: Portion = { first: 0, toEnd: true },
): Transform {
  let suite: Suite | undefined;
  return new Framer(sealedFrame, {
    header: {
      length: headerLength,
      take: (header) => {
        if (header.length < headerLength) throw broken('its header is cut off');
        suite = open(dataKey, header, binding);
      },
    },
    frame: (sealed, position, ends) => {
      const [number, last] = [first + position, ends && toEnd];
      if (!suite || sealed.length < tagLength) throw broken('its length');
      // An empty last frame stands only in an empty ciphertext.
      if (last && number > 0 && sealed.length === tagLength) throw broken('its length');
      const decipher = createDecipheriv('aes-256-gcm', suite.key, suite.nonce(number, last), {
        authTagLength: tagLength,
      });
      decipher.setAAD(suite.associatedData);
      decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
      const plaintext = decipher.update(sealed.subarray(0, sealed.length - tagLength));
      try {
        // In GCM it only verifies: no byte is left to come.
        decipher.final();
        return plaintext;
      } catch (cause) {
        throw broken(`frame ${number}`, cause);
      }
    },
  });
}

interface Suite {
  /** Given as bytes it would be looked through anew for every frame, which takes as long as the cipher. */
  key: KeyObject;
  commitment: Buffer;
  associatedData: Buffer;
  nonce(number: number, last: boolean): Buffer;
}

function derive(dataKey: Buffer, fixed: Buffer, binding: Binding): Suite {
  if (dataKey.length !== 32) throw new Error('a data key has 32 bytes');
  const expand = (use: string): Buffer =>
    Buffer.from(hkdfSync('sha256', dataKey, fixed, `${format} ${use}`, 32));
  const bound = Buffer.concat([fixed, Buffer.from(associatedData(format, binding))]);
  const prefix = fixed.subarray(8, 8 + prefixLength);
  return {
    key: createSecretKey(expand('encryption')),
    commitment: createHmac('sha256', expand('commitment')).update(bound).digest(),
    associatedData: bound,
    nonce: (number, last) => {
      if (number >= maxFrames) throw new Error('a ciphertext has at most 2^32 frames');
      const nonce = Buffer.alloc(12);
      prefix.copy(nonce);
      nonce.writeUInt32BE(number, prefixLength);
      nonce.writeUInt8(last ? 1 : 0, 11);
      return nonce;
    },
  };
}

function open(dataKey: Buffer, header: Buffer, binding: Binding): Suite {
  const fixed = header.subarray(0, fixedLength);
  const [version, bits, zero, alsoZero] = fixed.subarray(4, 8);
  if (!fixed.subarray(0, 4).equals(magic)) throw broken('its magic');
  if (version !== formatVersion || bits !== frameBits || zero !== 0 || alsoZero !== 0) {
    throw broken('its header');
  }
  const suite = derive(dataKey, fixed, binding);
  if (!timingSafeEqual(suite.commitment, header.subarray(fixedLength))) {
    throw broken('its key commitment');
  }
  return suite;
}

function broken(what: string, cause?: unknown): IntegrityError {
  return new IntegrityError(`the ciphertext does not verify: ${what}`, { cause });
}
