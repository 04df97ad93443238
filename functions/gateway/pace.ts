/** A floor under the rate at which a body comes: who drips holds a place that others wait for. */
import type { IncomingMessage } from 'node:http';
import { TooSlow } from '../lib/errors.ts';

export interface Floor {
  /** So many bytes must come in each so many seconds in which they are waited for. */
  bytes: number;
  seconds: number;
}

/** Slower than any line over which a datum would be sent, faster than one that only holds on. */
export const defaultFloor: Floor = { bytes: 64 * 1024, seconds: 20 };

/** How often is looked in the time of a floor. */
const looks = 20;

/**
 * Aborted, with TooSlow, when less of a body comes than must. The time in which there is no room for more of it, because
 * whoever reads it is behind, is not the sender's.
 */
export function keepPace(request: IncomingMessage, { bytes, seconds }: Floor): AbortSignal {
  const { socket } = request;
  const tooSlow = new AbortController();
  let [waited, from] = [0, socket.bytesRead];
  const look = (): void => {
    if (request.complete || isFull(request) || ++waited < looks) return;
    if (socket.bytesRead - from < bytes) {
      end();
      tooSlow.abort(new TooSlow(`less than ${bytes} bytes of the body came in ${seconds} s`));
    }
    [waited, from] = [0, socket.bytesRead];
  };
  const timer = setInterval(look, (seconds * 1000) / looks).unref();
  const end = (): void => clearInterval(timer);
  request.once('close', end);
  return tooSlow.signal;
}

const isFull = ({ readableLength, readableHighWaterMark }: IncomingMessage): boolean =>
  readableLength >= readableHighWaterMark;
