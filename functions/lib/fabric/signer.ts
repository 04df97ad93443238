/** A member of an organization that can sign, in the forms Fabric's messages and SDK ask for. */
import { createHash, createPrivateKey } from 'node:crypto';
import { signers, type ConnectOptions } from '@hyperledger/fabric-gateway';
import { msp } from '@hyperledger/fabric-protos';
import type { Identity } from './connection.ts';

export interface Signer {
  readonly mspId: string;
  /** The serialised `msp.SerializedIdentity`, which Fabric calls the creator. */
  readonly creator: Uint8Array;
  /** ECDSA with SHA-256 over the message; DER, with S in the lower half as Fabric demands. */
  sign(message: Uint8Array): Promise<Uint8Array>;
  /** The same member, for fabric-gateway. */
  readonly gatewayOptions: Required<Pick<ConnectOptions, 'identity' | 'signer'>>;
}

/** Throws a TypeError or an error of node:crypto when the key cannot be read. */
export function createSigner({ mspId, certificate, privateKey }: Identity): Signer {
  const credentials = Buffer.from(certificate);
  const identity = new msp.SerializedIdentity();
  identity.setMspid(mspId);
  identity.setIdBytes(credentials);
  const signDigest = signers.newPrivateKeySigner(createPrivateKey(privateKey));
  return {
    mspId,
    creator: identity.serializeBinary(),
    sign: (message) => signDigest(createHash('sha256').update(message).digest()),
    gatewayOptions: { identity: { mspId, credentials }, signer: signDigest },
  };
}
