import { Transform, type TransformCallback } from 'node:stream';

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
  #held: Buffer[] = [];
  #length = 0;
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
      this.#held.push(chunk);
      this.#length += chunk.length;
      if (this.#length >= this.#headerDue) {
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
      const last = this.#steps.frame(this.#take(this.#length), this.#number, true);
      done(null, last.length > 0 ? last : undefined);
    } catch (error) {
      done(error as Error);
    }
  }

  #takeHeader(): void {
    if (this.#headerDue === 0) return;
    const header = this.#take(Math.min(this.#headerDue, this.#length));
    this.#headerDue = 0;
    this.#steps.header?.take(header);
  }

  #takeFrames(): void {
    if (this.#length <= this.#size) return;
    let rest = this.#take(this.#length);
    while (rest.length > this.#size) {
      this.push(this.#steps.frame(rest.subarray(0, this.#size), this.#number++, false));
      rest = rest.subarray(this.#size);
    }
    this.#held = [rest];
    this.#length = rest.length;
  }

  #take(length: number): Buffer {
    const all = this.#held.length === 1 ? (this.#held[0] as Buffer) : Buffer.concat(this.#held);
    this.#held = all.length > length ? [all.subarray(length)] : [];
    this.#length = all.length - length;
    return all.subarray(0, length);
  }
}
