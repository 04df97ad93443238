/** What peers make of an identity at the end of its time. */
import { X509Certificate } from 'node:crypto';
import { Unavailable, Unprocessable } from '../errors.ts';

/** Milliseconds by which clocks may differ. */
const skew = 5 * 60_000;

/**
 * The error to throw for one that a peer refused. At the end of the client's certificate it is the
 * identity that peers refuse, not what it asks for: another one comes in its place, and then it goes well.
 *
 * @param certificate the client's, in PEM
 */
export function atEnd(error: unknown, certificate: string, now: Date): unknown {
  if (!(error instanceof Unprocessable) || !isAtEnd(certificate, now)) return error;
  return new Unavailable('the identity of the client is being renewed', { cause: error });
}

function isAtEnd(certificate: string, now: Date): boolean {
  return now.getTime() > new X509Certificate(certificate).validToDate.getTime() - skew;
}
