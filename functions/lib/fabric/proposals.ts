/** Transaction proposals: making and signing them, and a transaction from their endorsements. */
import { createHash, randomBytes } from 'node:crypto';
import { common, peer } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { Conflict } from '../errors.ts';
import type { Signer } from './signer.ts';

const nonceBytes = 24;

/** What is to be called. An empty channel addresses the peer itself (install, join). */
export interface Invocation {
  channel: string;
  chaincode: string;
  args: readonly (string | Uint8Array)[];
}

export interface Proposal {
  transactionId: string;
  signed: peer.SignedProposal;
}

/** A proposal with a fresh nonce, signed; its id is SHA-256 over nonce and creator, in hex. */
export async function propose(signer: Signer, invocation: Invocation): Promise<Proposal> {
  const nonce = randomBytes(nonceBytes);
  const transactionId = createHash('sha256').update(nonce).update(signer.creator).digest('hex');
  const chaincode = new peer.ChaincodeID();
  chaincode.setName(invocation.chaincode);

  const proposal = new peer.Proposal();
  proposal.setHeader(header(invocation.channel, chaincode, transactionId, nonce, signer.creator));
  proposal.setPayload(payload(chaincode, invocation.args));
  const bytes = proposal.serializeBinary();

  const signed = new peer.SignedProposal();
  signed.setProposalBytes(bytes);
  signed.setSignature(await signer.sign(bytes));
  return { transactionId, signed };
}

function header(
  channel: string,
  chaincode: peer.ChaincodeID,
  transactionId: string,
  nonce: Uint8Array,
  creator: Uint8Array,
): Uint8Array {
  const extension = new peer.ChaincodeHeaderExtension();
  extension.setChaincodeId(chaincode);

  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.ENDORSER_TRANSACTION);
  channelHeader.setChannelId(channel);
  channelHeader.setTxId(transactionId);
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(new Date()));
  channelHeader.setExtension$(extension.serializeBinary());

  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(creator);
  signatureHeader.setNonce(nonce);

  const message = new common.Header();
  message.setChannelHeader(channelHeader.serializeBinary());
  message.setSignatureHeader(signatureHeader.serializeBinary());
  return message.serializeBinary();
}

function payload(chaincode: peer.ChaincodeID, args: readonly (string | Uint8Array)[]): Uint8Array {
  const input = new peer.ChaincodeInput();
  input.setArgsList(args.map((arg) => Buffer.from(arg)));
  const spec = new peer.ChaincodeSpec();
  spec.setType(peer.ChaincodeSpec.Type.GOLANG);
  spec.setChaincodeId(chaincode);
  spec.setInput(input);
  const invocation = new peer.ChaincodeInvocationSpec();
  invocation.setChaincodeSpec(spec);
  const message = new peer.ChaincodeProposalPayload();
  message.setInput(invocation.serializeBinary());
  return message.serializeBinary();
}

/**
 * The transaction of endorsements that agree, as an envelope still to be signed.
 * Throws Conflict when two endorsers computed different results: one of them lags behind.
 */
export function assemble(
  proposal: Proposal,
  [first, ...others]: readonly [peer.ProposalResponse, ...peer.ProposalResponse[]],
): common.Envelope {
  const result = Buffer.from(first.getPayload_asU8());
  if (others.some((other) => !result.equals(other.getPayload_asU8()))) {
    throw new Conflict(`peers endorsed different results of ${proposal.transactionId}`);
  }
  const proposed = peer.Proposal.deserializeBinary(proposal.signed.getProposalBytes_asU8());
  const proposedHeader = common.Header.deserializeBinary(proposed.getHeader_asU8());

  const endorsed = new peer.ChaincodeEndorsedAction();
  endorsed.setProposalResponsePayload(result);
  endorsed.setEndorsementsList(
    [first, ...others].flatMap((response) => response.getEndorsement() ?? []),
  );
  const actionPayload = new peer.ChaincodeActionPayload();
  actionPayload.setChaincodeProposalPayload(proposed.getPayload());
  actionPayload.setAction(endorsed);
  const action = new peer.TransactionAction();
  action.setHeader(proposedHeader.getSignatureHeader());
  action.setPayload(actionPayload.serializeBinary());
  const transaction = new peer.Transaction();
  transaction.setActionsList([action]);

  const message = new common.Payload();
  message.setHeader(proposedHeader);
  message.setData(transaction.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(message.serializeBinary());
  return envelope;
}
