import { Transform, type TransformCallback } from 'node:stream';
import { Held } from './pieces.ts';

/** What is done with the pieces; whatever it throws becomes the stream's error. */
export interface FrameSteps {
  /** Bytes to send before the first frame. */
  start?: Buffer;
  /** What to cut off before the first frame, and who takes it: less only if the stream ends. */
  header?: { length: number; take: (header: Buffer) => void };
  /** Gives what to send for a frame; only the last may be short, and it may be empty. */
  frame: (content: Buffer, number: number, last: boolean) => Buffer;
}

/**
 * Cuts what is written into a header and frames of a size. A full frame waits until a further
 * byte shows that it is not the last, so at most one frame and one chunk are held.
 */
export class Framer extends Transform {
  readonly #size: number;
  readonly #steps: FrameSteps;
  readonly #held = new Held();
  #number = 0;
  #headerDue: number;

  constructor(size: number, steps: FrameSteps) {
    super();
    this.#size = size;
    this.#steps = steps;
    this.#headerDue = steps.header?.length ?? 0;
    if (steps.start) this.push(steps.start);
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      this.#held.add(chunk);
      if (this.#held.length >= this.#headerDue) {
        this.#takeHeader();
        this.#takeFrames();
      }
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      this.#takeHeader();
      const last = this.#steps.frame(this.#held.take(this.#held.length), this.#number, true);
      done(null, last.length > 0 ? last : undefined);
    } catch (error) {
      done(error as Error);
    }
  }

  #takeHeader(): void {
    if (this.#headerDue === 0) return;
    const header = this.#held.take(Math.min(this.#headerDue, this.#held.length));
    this.#headerDue = 0;
    this.#steps.header?.take(header);
  }

  #takeFrames(): void {
    while (this.#held.length > this.#size) {
      this.push(this.#steps.frame(this.#held.take(this.#size), this.#number++, false));
    }
  }
}
