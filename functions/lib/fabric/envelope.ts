/** What orderers are sent: a message that says what it is, about which channel, and from whom. */
import { randomBytes } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { Signer } from './signer.ts';

const nonceBytes = 24;

export interface About {
  channel: string;
  type: common.HeaderTypeMap[keyof common.HeaderTypeMap];
}

/** Signed now; whoever gets it takes it for as long as the signer's certificate is valid. */
export async function sealed(
  signer: Signer,
  { channel, type }: About,
  data: Uint8Array,
): Promise<common.Envelope> {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(type);
  channelHeader.setChannelId(channel);
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(new Date()));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader(signer));
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(data);

  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(await signer.sign(envelope.getPayload_asU8()));
  return envelope;
}

/** Who signs, with a nonce of its own: the serialised `common.SignatureHeader`. */
export function signatureHeader({ creator }: Signer): Uint8Array {
  const message = new common.SignatureHeader();
  message.setCreator(creator);
  message.setNonce(randomBytes(nonceBytes));
  return message.serializeBinary();
}
