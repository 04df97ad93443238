/** An orderer as a reader of its channels sees it: how far it has come, and whether it follows a leader. */
import { randomBytes } from 'node:crypto';
import { common, orderer } from '@hyperledger/fabric-protos';
import timestamps from 'google-protobuf/google/protobuf/timestamp_pb.js';
import { NotFound, type SelvedgeError, Unavailable, Unprocessable } from '../errors.ts';
import type { Identity, PeerEndpoint } from './connection.ts';
import { isAway, shareConnection, type PeerConnection } from './grpc.ts';
import { createSigner, type Signer } from './signer.ts';

/** Milliseconds for one answer. */
const timeout = 5_000;

/** How far an orderer has come in a channel, in blocks. */
export interface Position {
  height: number;
}

export interface OrdererClient {
  /**
   * Where the orderer stands; undefined where it knows of no leader (Raft) and so orders nothing.
   * Throws Unavailable when it does not answer, NotFound when it does not know the channel,
   * Unprocessable when it refuses.
   */
  position(channel: string): Promise<Position | undefined>;
  close(): void;
}

/** The identity must be one that may read the channel. */
export function connectOrderer(endpoint: PeerEndpoint, identity: Identity): OrdererClient {
  const signer = createSigner(identity);
  const connection = shareConnection(endpoint);
  return {
    async position(channel) {
      const request = await newest(signer, channel);
      await ready(connection, endpoint.address);
      const { number, status } = await seek(connection, request, endpoint.address);
      // A reader that asks strictly is turned away while there is no leader.
      if (status === common.Status.SERVICE_UNAVAILABLE) return undefined;
      if (number === undefined) throw refusal(endpoint.address, channel, status);
      return { height: number + 1 };
    },
    close: () => connection.close(),
  };
}

async function ready(connection: PeerConnection, address: string): Promise<void> {
  try {
    await connection.ready({ impatient: true });
  } catch (cause) {
    throw silent(address, cause);
  }
}

function refusal(address: string, channel: string, status: number): SelvedgeError {
  if (status === common.Status.NOT_FOUND) {
    return new NotFound(`the orderer ${address} does not know ${channel}`);
  }
  return new Unprocessable(`the orderer ${address} refused to tell of ${channel}: ${status}`);
}

const silent = (address: string, cause: unknown): Unavailable =>
  new Unavailable(`the orderer ${address} does not answer`, { cause });

/** The header of the newest block, asked for once; the signature proves who asks. */
async function newest(signer: Signer, channel: string): Promise<common.Envelope> {
  const position = new orderer.SeekPosition();
  position.setNewest(new orderer.SeekNewest());
  const info = new orderer.SeekInfo();
  info.setStart(position);
  info.setStop(position);
  info.setBehavior(orderer.SeekInfo.SeekBehavior.BLOCK_UNTIL_READY);
  info.setErrorResponse(orderer.SeekInfo.SeekErrorResponse.STRICT);
  info.setContentType(orderer.SeekInfo.SeekContentType.HEADER_WITH_SIG);

  const channelHeader = new common.ChannelHeader();
  channelHeader.setType(common.HeaderType.DELIVER_SEEK_INFO);
  channelHeader.setChannelId(channel);
  channelHeader.setTimestamp(timestamps.Timestamp.fromDate(new Date()));
  const signatureHeader = new common.SignatureHeader();
  signatureHeader.setCreator(signer.creator);
  signatureHeader.setNonce(randomBytes(24));
  const header = new common.Header();
  header.setChannelHeader(channelHeader.serializeBinary());
  header.setSignatureHeader(signatureHeader.serializeBinary());
  const payload = new common.Payload();
  payload.setHeader(header);
  payload.setData(info.serializeBinary());

  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  envelope.setSignature(await signer.sign(envelope.getPayload_asU8()));
  return envelope;
}

interface Found {
  number?: number;
  status: number;
}

/** The answers to one request: at most a block, then a status. */
function seek(
  { client }: PeerConnection,
  request: common.Envelope,
  address: string,
): Promise<Found> {
  const found: Found = { status: 0 };
  const call = client.makeBidiStreamRequest(
    '/orderer.AtomicBroadcast/Deliver',
    (message: common.Envelope) => Buffer.from(message.serializeBinary()),
    (bytes) => orderer.DeliverResponse.deserializeBinary(bytes),
    { deadline: Date.now() + timeout },
  );
  return new Promise<Found>((resolve, reject) => {
    call.on('data', (answer: orderer.DeliverResponse) => {
      const number = answer.getBlock()?.getHeader()?.getNumber();
      if (number !== undefined) {
        found.number = number;
        return;
      }
      found.status = answer.getStatus();
      call.end();
      resolve(found);
    });
    call.on('error', (error) => reject(isAway(error) ? silent(address, error) : error));
    call.on('end', () => reject(silent(address, undefined)));
    call.write(request);
  });
}
