import { Unprocessable } from '../lib/errors.ts';

/** What is wrong: one word for programs, and a sentence for people. */
export interface Fault {
  reason: string;
  message: string;
}

/** Ends a step for good, and what comes after it: what it names is for people to mend. */
export class Refused extends Unprocessable {
  readonly reason: string;

  constructor({ reason, message }: Fault) {
    super(message);
    this.reason = reason;
  }
}
