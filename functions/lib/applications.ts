/** What applications ask of a network, and what they get. */
import { z } from 'zod';
import { organization } from './network/shape.ts';

/** The data of a request for an identity: the caller makes the key and keeps it. */
export const identityRequest = z.strictObject({
  /** Of an ECDSA key of P-256 or P-384; far longer than any such request is. */
  csr: z
    .string()
    .min(1)
    .max(16_384)
    .meta({
      description:
        'A certificate request (PKCS #10, PEM) of an ECDSA key of P-256 or P-384. Only the key is taken from ' +
        "it; a common name in it must be the caller's.",
    }),
});

/** A client of an organization: PEM, beside what it needs to be known by. */
export const issuedIdentity = z.object({
  mspId: organization.shape.mspId,
  certificate: z.string(),
  /** The certificate of the authority that issued it: the root of the organization's MSP. */
  ca: z.string(),
  /** Hexadecimal. */
  serial: z.string(),
  notAfter: z.iso.datetime(),
});
export type IssuedIdentity = z.infer<typeof issuedIdentity>;

/** Where the peers of an organization are, in the form of Fabric's connection profiles. */
export const connectionProfile = z.object({
  name: z.string(),
  version: z.literal('1.0.0'),
  client: z.object({ organization: z.string() }),
  organizations: z.record(z.string(), z.object({ mspid: z.string(), peers: z.array(z.string()) })),
  peers: z.record(
    z.string(),
    z.object({
      url: z.string().meta({ description: 'Within the cluster: `grpcs://host:port`' }),
      tlsCACerts: z.object({ pem: z.string() }),
      grpcOptions: z.object({
        'ssl-target-name-override': z.string(),
        hostnameOverride: z.string(),
      }),
    }),
  ),
});
export type ConnectionProfile = z.infer<typeof connectionProfile>;
