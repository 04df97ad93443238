/** A channel's blocks as an orderer delivers them. */
import { common, orderer } from '@hyperledger/fabric-protos';
import type { PeerConnection } from './grpc.ts';
import { exchange } from './ordering.ts';

/** A stretch of a channel. What is not there yet is waited for. */
export interface Stretch {
  start: orderer.SeekPosition;
  stop: orderer.SeekPosition;
}

export function newest(): Stretch {
  const position = new orderer.SeekPosition();
  position.setNewest(new orderer.SeekNewest());
  return { start: position, stop: position };
}

export const blockAt = (number: number): Stretch => ({
  start: specified(number),
  stop: specified(number),
});

export const onwardsFrom = (number: number): Stretch => ({
  start: specified(number),
  stop: specified(Number.MAX_SAFE_INTEGER),
});

function specified(number: number): orderer.SeekPosition {
  const at = new orderer.SeekSpecified();
  at.setNumber(number);
  const position = new orderer.SeekPosition();
  position.setSpecified(at);
  return position;
}

/**
 * What asks for a stretch: only of blocks that hold a configuration the content is asked for. An
 * orderer that has no leader is to say so rather than to tell what it has.
 */
export function seekInfo({ start, stop }: Stretch): Uint8Array {
  const info = new orderer.SeekInfo();
  info.setStart(start);
  info.setStop(stop);
  info.setBehavior(orderer.SeekInfo.SeekBehavior.BLOCK_UNTIL_READY);
  info.setErrorResponse(orderer.SeekInfo.SeekErrorResponse.STRICT);
  info.setContentType(orderer.SeekInfo.SeekContentType.HEADER_WITH_SIG);
  return info.serializeBinary();
}

/** The first block that was wanted; without one, the status that the orderer ended with. */
export type Delivered = { block: common.Block } | { block?: undefined; status: number };

/**
 * Sends a request and takes blocks until one is wanted.
 *
 * @param timeoutMs milliseconds for all of it
 * @throws an error of grpc-js when the stream breaks
 */
export async function deliver(
  connection: PeerConnection,
  request: common.Envelope,
  timeoutMs: number,
  wanted: (block: common.Block) => boolean,
): Promise<Delivered> {
  const decode = (bytes: Uint8Array) => orderer.DeliverResponse.deserializeBinary(bytes);
  const found = await exchange(
    connection,
    { method: 'Deliver', decode, timeoutMs },
    request,
    (answer): Delivered | undefined => {
      const block = answer.getBlock();
      if (!block) return { status: answer.getStatus() };
      return wanted(block) ? { block } : undefined;
    },
  );
  return found ?? { status: common.Status.SERVICE_UNAVAILABLE };
}
