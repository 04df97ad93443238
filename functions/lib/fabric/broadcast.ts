/** Handing an orderer what it is to put into a block. */
import { common, orderer } from '@hyperledger/fabric-protos';
import type { PeerConnection } from './grpc.ts';
import { exchange } from './ordering.ts';

/** What an orderer answers; a message that it took may still not come into a block. */
export interface Answer {
  status: number;
  info: string;
}

/** @throws an error of grpc-js when there is no answer in `timeoutMs` milliseconds */
export async function broadcast(
  connection: PeerConnection,
  message: common.Envelope,
  timeoutMs: number,
): Promise<Answer> {
  const decode = (bytes: Uint8Array) => orderer.BroadcastResponse.deserializeBinary(bytes);
  const answer = await exchange(
    connection,
    { method: 'Broadcast', decode, timeoutMs },
    message,
    (response) => ({ status: response.getStatus(), info: response.getInfo() }),
  );
  return answer ?? { status: common.Status.SERVICE_UNAVAILABLE, info: 'no answer' };
}
