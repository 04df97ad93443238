/** A channel's first block: an unsigned configuration transaction, alone in block 0. */
import { createHash, X509Certificate } from 'node:crypto';
import { common } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import type { Message } from './config.ts';

const headerVersion = 1;
const nonceBytes = 24;

/**
 * Block 0 of `channel` with the given root group. Nonce and time, elsewhere random and now, are
 * derived from the configuration: every orderer joins by the same bytes however often they are
 * built.
 */
export function genesisBlock(channel: string, root: common.ConfigGroup, created: Date): Buffer {
  const config = new common.Config();
  config.setChannelGroup(root);
  const configEnvelope = new common.ConfigEnvelope();
  configEnvelope.setConfig(config);
  const content = configEnvelope.serializeBinary();

  const payload = new common.Payload();
  payload.setHeader(header(channel, sha256(content).subarray(0, nonceBytes), created));
  payload.setData(content);
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  return Buffer.from(block(envelope).serializeBinary());
}

/** The youngest of the certificates' beginnings: a channel is as old as its newest CA. */
export function creationTime(certificates: readonly string[]): Date {
  const times = certificates.map((pem) => new X509Certificate(pem).validFromDate.getTime());
  return new Date(Math.max(0, ...times));
}

function header(channel: string, nonce: Uint8Array, created: Date): common.Header {
  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.CONFIG);
  channelHeader.setVersion(headerVersion);
  channelHeader.setChannelId(channel);
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(created));
  // The transaction id covers nonce and creator; a genesis transaction has no creator.
  channelHeader.setTxId(sha256(nonce).toString('hex'));

  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setNonce(nonce);

  const message = new common.Header();
  message.setChannelHeader(channelHeader.serializeBinary());
  message.setSignatureHeader(signatureHeader.serializeBinary());
  return message;
}

function block(envelope: Message): common.Block {
  const data = envelope.serializeBinary();
  const blockData = new common.BlockData();
  blockData.setDataList([data]);

  const blockHeader = new common.BlockHeader();
  blockHeader.setNumber(0);
  blockHeader.setDataHash(sha256(data));

  const message = new common.Block();
  message.setHeader(blockHeader);
  message.setData(blockData);
  message.setMetadata(metadata());
  return message;
}

/** One entry per kind of block metadata; signatures and last configuration say "block 0". */
function metadata(): common.BlockMetadata {
  const lastConfig = new common.LastConfig();
  lastConfig.setIndex(0);
  const ordererMetadata = new common.OrdererBlockMetadata();
  ordererMetadata.setLastConfig(lastConfig);

  const index = common.BlockMetadataIndex;
  const entries = Array.from<Uint8Array>({ length: Object.keys(index).length }).fill(
    new Uint8Array(),
  );
  entries[index.LAST_CONFIG] = wrapped(lastConfig);
  entries[index.SIGNATURES] = wrapped(ordererMetadata);

  const message = new common.BlockMetadata();
  message.setMetadataList(entries);
  return message;
}

function wrapped(value: Message): Uint8Array {
  const message = new common.Metadata();
  message.setValue(value.serializeBinary());
  return message.serializeBinary();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
