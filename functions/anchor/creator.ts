/** Who sent a transaction, by the certificate that peers have verified before they run it. */
import { X509Certificate } from 'node:crypto';
import { writerUnit } from '../lib/vault/identities.ts';

/**
 * Whether a certificate (PEM) bears the unit of the platform's own client, which only provisioning's role
 * for it gives: an ordinary client, peer or admin of the same organization has none.
 */
export function isWriter(certificate: Uint8Array): boolean {
  const { subject } = new X509Certificate(certificate).toLegacyObject();
  // One unit is a text, several are a list.
  return [subject.OU].flat().includes(writerUnit);
}
