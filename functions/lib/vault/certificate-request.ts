/** A request for a certificate (PKCS #10, RFC 2986) as somebody sent it, in PEM. */
// The certificate library injects by decorators, which need this first.
import 'reflect-metadata';
import { createPublicKey, webcrypto } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { Unprocessable } from '../errors.ts';

export interface CertificateRequest {
  /** What was understood of the text, and nothing beside it. */
  pem: string;
  /** The names it gives to whom it is for; it may give none. */
  commonNames: string[];
}

/** The curves of the keys that Fabric takes, as OpenSSL calls P-256 and P-384. */
const curves = ['prime256v1', 'secp384r1'];

/**
 * Reads a request: whoever made it has the key, and Fabric takes such keys.
 *
 * @throws Unprocessable when that is not so
 */
export async function readRequest(text: string): Promise<CertificateRequest> {
  const request = understood(text);
  if (!curves.includes(curveOf(request) ?? '')) {
    throw new Unprocessable('the key of the request must be ECDSA of P-256 or P-384');
  }
  if (!(await isSigned(request))) {
    throw new Unprocessable('the request is not signed by the key that it is for');
  }
  return {
    pem: request.toString('pem'),
    commonNames: request.subjectName.getField('CN'),
  };
}

/** The first request of a text (RFC 7468). No line of it can be read in two ways, so reading takes as long as it is. */
const armour =
  /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END (?:NEW )?CERTIFICATE REQUEST-----/;

/** What every request begins with (DER: a sequence). */
const sequence = 0x30;

/**
 * The library gets no text, nor bytes that might be one: it looks for headers in it in a way that takes twice as
 * long with every line.
 */
function understood(text: string): Pkcs10CertificateRequest {
  const bytes = Buffer.from(armour.exec(text)?.[1] ?? '', 'base64');
  try {
    if (bytes[0] !== sequence) throw new Error('there is no armour, or no sequence in it');
    return new Pkcs10CertificateRequest(bytes);
  } catch (cause) {
    throw new Unprocessable('it is not a certificate request (PKCS #10) in PEM', { cause });
  }
}

/** The curve of its key; undefined for a key of another kind, or none. */
function curveOf({ publicKey }: Pkcs10CertificateRequest): string | undefined {
  try {
    const key = Buffer.from(publicKey.rawData);
    const known = createPublicKey({ key, format: 'der', type: 'spki' });
    return known.asymmetricKeyType === 'ec' ? known.asymmetricKeyDetails?.namedCurve : undefined;
  } catch {
    return undefined;
  }
}

async function isSigned(request: Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify(webcrypto);
  } catch {
    return false;
  }
}
