/**
 * How one client reaches one chaincode: the shape provisioning writes to Vault
 * (`selvedge/data/networks/<namespace>/<network>`) and the data functions read.
 */
import { z } from 'zod';

const certificate = z.string().startsWith('-----BEGIN CERTIFICATE-----');
const privateKey = z.string().regex(/^-----BEGIN (EC )?PRIVATE KEY-----/);

/** Where a peer listens and whom to expect there. Certificates are PEM. */
export const peerEndpoint = z.object({
  /** `host:port` to dial. */
  address: z.string().regex(/^[^\s:]+:\d{1,5}$/),
  /** The name the peer's TLS certificate must hold. */
  hostname: z.string().min(1),
  mspId: z.string().min(1),
  /** The TLS CA of the peer's organization. */
  tlsRoot: certificate,
});
export type PeerEndpoint = z.infer<typeof peerEndpoint>;

/** A member of an organization. Certificate in PEM, key in PEM (PKCS #8 or SEC 1, EC P-256). */
export const identity = z.object({ mspId: z.string().min(1), certificate, privateKey });
export type Identity = z.infer<typeof identity>;

export const connection = identity.extend({
  /** The UID of the network's resource: what tells it from one of the same name before or after. */
  incarnation: z.string().min(1),
  channel: z.string().min(1),
  chaincode: z.string().min(1),
  /** In order of preference; the others are used when the first do not answer. */
  peers: z.array(peerEndpoint).min(1),
});
export type Connection = z.infer<typeof connection>;
