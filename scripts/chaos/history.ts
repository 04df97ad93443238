/** What a prober did and was answered, and what was found afterwards: all that a verdict is made from. */
import type { Receipt } from '../../functions/lib/events.ts';

interface Timed {
  key: string;
  /** Milliseconds of this process's clock (`performance.now()`). */
  started: number;
  ended: number;
  /** Why it was not answered, or not with success. */
  failure?: string;
}

/** One try of a put. */
export interface Put extends Timed {
  kind: 'put';
  /** Its idempotency key: that of every try of the same put. Its body says it, too. */
  id: string;
  /** With success. */
  receipt?: Receipt;
}

/** A read of what was acknowledged before. */
export interface Get extends Timed {
  kind: 'get';
  /** The version asked for; the current one when left out. */
  version?: number;
  /** With success: the put whose body came back; undefined when it was nobody's. */
  body?: string | undefined;
}

export type Operation = Put | Get;
export type Kind = Operation['kind'];
export const kinds = ['put', 'get'] as const satisfies Kind[];

/** A put that was acknowledged: with the first receipt it got. */
export type Acknowledged = Put & { receipt: Receipt };

/** A version as it lies there in the end: the put whose body it is, its receipt, and whether the chain has it so. */
export interface Stored {
  version: number;
  body: string | undefined;
  receipt: Receipt;
  verified: boolean;
}

/** Of every key, all its versions. */
export type Stock = ReadonlyMap<string, readonly Stored[]>;

export const succeeded = ({ failure }: Operation): boolean => failure === undefined;

export function isAcknowledged(operation: Operation): operation is Acknowledged {
  return operation.kind === 'put' && operation.receipt !== undefined;
}
