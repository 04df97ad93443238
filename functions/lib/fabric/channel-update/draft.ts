/**
 * An update on its way: what is to change, and who has signed for it so far. It is bytes (the
 * serialised `common.ConfigUpdateEnvelope`), so that it may wait, and travel to who is to sign.
 */
import { common, msp } from '@hyperledger/fabric-protos';
import { signatureHeader } from '../envelope.ts';
import type { Signer } from '../signer.ts';

/** An update that nobody has signed yet. */
export function draftOf(update: common.ConfigUpdate): Uint8Array {
  const envelope = new common.ConfigUpdateEnvelope();
  envelope.setConfigUpdate(update.serializeBinary());
  return envelope.serializeBinary();
}

/** The draft with one more signature; what the same member signed before is replaced. */
export async function sign(draft: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const envelope = common.ConfigUpdateEnvelope.deserializeBinary(draft);
  const header = signatureHeader(signer);
  const signature = new common.ConfigSignature();
  signature.setSignatureHeader(header);
  signature.setSignature(
    await signer.sign(Buffer.concat([header, envelope.getConfigUpdate_asU8()])),
  );
  const others = envelope
    .getSignaturesList()
    .filter((one) => !Buffer.from(creatorOf(one)).equals(signer.creator));
  envelope.setSignaturesList([...others, signature]);
  return envelope.serializeBinary();
}

/** The MSP ids of those who have signed, in their order. */
export function signatories(draft: Uint8Array): string[] {
  return common.ConfigUpdateEnvelope.deserializeBinary(draft)
    .getSignaturesList()
    .map((one) => msp.SerializedIdentity.deserializeBinary(creatorOf(one)).getMspid());
}

const creatorOf = (signature: common.ConfigSignature): Uint8Array =>
  common.SignatureHeader.deserializeBinary(signature.getSignatureHeader_asU8()).getCreator_asU8();
