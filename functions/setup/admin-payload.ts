/**
 * The envelope in which MinIO's admin API takes secrets (madmin's `EncryptData`): a key derived from
 * the caller's own secret key, and frames of 16 KiB in the STREAM construction, as sio-go writes them.
 *
 *     salt (32) | algorithm (1) | nonce (8) | frames, each with a tag of 16 bytes
 *
 * Of MinIO's algorithms this is PBKDF2 with AES-256-GCM, which Node can do by itself. Its few
 * iterations are MinIO's; the secret it stretches is random, so that none would be needed.
 */
import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';

const pbkdf2Aes256Gcm = 0x02;
const iterations = 8192;
const frameSize = 16 * 1024;

/** Seals what the server opens with the secret key of the account that sends it. */
export function adminPayload(secretKey: string, data: Buffer): Buffer {
  const [salt, nonce] = [randomBytes(32), randomBytes(8)];
  const seal = sealer(pbkdf2Sync(secretKey, salt, iterations, 32, 'sha256'), nonce);
  // Every frame is bound to the (empty) associated data of the whole, by its tag in frame 0.
  const bound = seal(0, Buffer.alloc(0), Buffer.alloc(0));
  const frames = framesOf(data).map((frame, index, all) => {
    const last = index === all.length - 1 ? 0x80 : 0x00;
    return seal(index + 1, frame, Buffer.concat([Buffer.from([last]), bound]));
  });
  return Buffer.concat([salt, Buffer.from([pbkdf2Aes256Gcm]), nonce, ...frames]);
}

/** At least one frame, which may be empty. */
function framesOf(data: Buffer): Buffer[] {
  const count = Math.max(1, Math.ceil(data.length / frameSize));
  return Array.from({ length: count }, (_, n) => data.subarray(n * frameSize, (n + 1) * frameSize));
}

/** The nonce of a frame is the stream's, followed by the frame's number (little endian). */
function sealer(key: Buffer, nonce: Buffer) {
  return (number: number, plaintext: Buffer, associatedData: Buffer): Buffer => {
    const own = Buffer.alloc(12);
    nonce.copy(own);
    own.writeUInt32LE(number, 8);
    const cipher = createCipheriv('aes-256-gcm', key, own, { authTagLength: 16 });
    cipher.setAAD(associatedData);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  };
}
