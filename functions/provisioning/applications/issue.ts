import { X509Certificate } from 'node:crypto';
import { Forbidden } from '../../lib/errors.ts';
import type { IssuedIdentity } from '../../lib/applications.ts';
import { readRequest } from '../../lib/vault/certificate-request.ts';
import type { Clients } from '../clients.ts';
import { authorityOf, find, type At } from './find.ts';

/** A month: nothing is revoked yet, so what is lost ends by itself. Another is had by asking again. */
const hours = 30 * 24;

/** Whom an identity is for, and the request (PEM) for the key that is theirs. */
export interface Applicant {
  /** The `sub` of the caller's token. */
  subject: string;
  csr: string;
}

/**
 * Makes the holder of a key a client of an organization, under the name of the caller.
 *
 * @throws NotFound, Conflict, Unavailable as `find` and `authorityOf` do
 * @throws Unprocessable when the request is none, or not of a key that Fabric takes
 * @throws Forbidden when it is for another than the caller
 */
export async function issue(
  clients: Pick<Clients, 'kubernetes' | 'settings' | 'identities'>,
  at: At,
  { subject, csr }: Applicant,
): Promise<IssuedIdentity> {
  const { place, organization } = await find(clients, at);
  const request = await readRequest(csr);
  refuseOtherNames(request.commonNames, subject);
  const { mount, ca } = await authorityOf(clients, place, organization.name, 'msp');
  const signing = { request: request.pem, commonName: subject, hours };
  const certificate = await clients.identities.sign(mount, signing);
  const { serialNumber, validToDate } = new X509Certificate(certificate);
  const notAfter = validToDate.toISOString();
  return { mspId: organization.mspId, certificate, ca, serial: serialNumber, notAfter };
}

/** The name is the caller's in any case: a request may leave it out, and may not say another. */
export function refuseOtherNames(names: readonly string[], subject: string): void {
  const other = names.find((name) => name !== subject);
  if (other === undefined) return;
  throw new Forbidden(
    `the request is for "${other}" and came from "${subject}": leave its common name out`,
  );
}
