/** Large objects, against the object store itself. */
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { createData } from '../data.ts';
import type { Row } from '../row.ts';

const mebibytes = 64;
/** Objects of a turn. */
const objectsOfTurn = 2;

export const objects: Row = {
  name: 'objects',
  says: 'puts and verified gets of 64 MiB, against the PUT and GET of minio-js over TLS',
  comparisons: [
    { what: 'put of 64 MiB', unit: 'MiB/s', target: { at: 'least', times: 0.9 } },
    { what: 'get of 64 MiB', unit: 'MiB/s', target: { at: 'least', times: 0.9 } },
    { what: 'first byte of a get of 64 MiB', unit: 'ms', target: { at: 'most', times: 1.5 } },
  ],
  async open({ world: connected, signal }) {
    const world = await connected();
    const store = await world.store();
    const data = createData(world);
    const body = randomBytes(mebibytes * 1024 ** 2);
    const turn = (put: () => Promise<string>, get: Get) => async (): Promise<number[]> => {
      const all: number[][] = [];
      for (let n = 0; n < objectsOfTurn; n++) {
        signal.throwIfAborted();
        const [putMs, name] = await timed(put);
        all.push([putMs, ...(await drained(() => get(name), body.length))]);
      }
      const [putMs, firstMs, getMs] = [mean(all, 0), mean(all, 1), mean(all, 2)];
      return [mebibytes / (putMs / 1000), mebibytes / (getMs / 1000), firstMs];
    };
    return {
      ours: turn(
        () => data.put(body, 'application/octet-stream'),
        async (key) => Readable.fromWeb((await world.gateway(0).open(key)).body as WebStream),
      ),
      peer: turn(
        () => store.put(body),
        (name) => store.get(name),
      ),
      close: () => data.erase(),
    };
  },
};

type Get = (name: string) => Promise<Readable>;
type WebStream = Parameters<typeof Readable.fromWeb>[0];

async function timed<T>(work: () => Promise<T>): Promise<[milliseconds: number, result: T]> {
  const began = performance.now();
  const result = await work();
  return [performance.now() - began, result];
}

/**
 * @returns milliseconds until the first byte, and until the last
 * @throws Error when there are not as many as there should be
 */
async function drained(get: () => Promise<Readable>, size: number): Promise<[number, number]> {
  const began = performance.now();
  let first: number | undefined;
  let got = 0;
  for await (const chunk of (await get()) as AsyncIterable<Uint8Array>) {
    first ??= performance.now() - began;
    got += chunk.length;
  }
  if (got !== size || first === undefined) throw new Error(`${got} bytes came back of ${size}`);
  return [first, performance.now() - began];
}

const mean = (all: readonly number[][], column: number): number =>
  all.reduce((sum, one) => sum + (one[column] ?? 0), 0) / all.length;
