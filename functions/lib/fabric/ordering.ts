/** The two streams of an orderer (`orderer.AtomicBroadcast`): a message goes, and answers come. */
import type { common } from '@hyperledger/fabric-protos';
import type { PeerConnection } from './grpc.ts';

export interface Exchange<Answer> {
  method: 'Broadcast' | 'Deliver';
  decode: (bytes: Uint8Array) => Answer;
  /** Milliseconds for all of it. */
  timeoutMs: number;
}

/**
 * Sends one message and takes answers until `take` makes something of one.
 *
 * @returns undefined when the orderer ends the stream before that
 * @throws an error of grpc-js when the stream breaks, or its time is over
 */
export function exchange<Answer, Taken>(
  { client }: PeerConnection,
  { method, decode, timeoutMs }: Exchange<Answer>,
  message: common.Envelope,
  take: (answer: Answer) => Taken | undefined,
): Promise<Taken | undefined> {
  const call = client.makeBidiStreamRequest(
    `/orderer.AtomicBroadcast/${method}`,
    (envelope: common.Envelope) => Buffer.from(envelope.serializeBinary()),
    decode,
    { deadline: Date.now() + timeoutMs },
  );
  return new Promise((resolve, reject) => {
    call.on('data', (answer: Answer) => {
      const taken = take(answer);
      if (taken === undefined) return;
      resolve(taken);
      // An orderer that waits for the next block does not look whether anyone still listens.
      call.cancel();
    });
    call.on('error', reject);
    call.on('end', () => resolve(undefined));
    call.write(message);
    call.end();
  });
}
