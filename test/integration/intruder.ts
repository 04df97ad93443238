/** One who may rewrite all that etcd holds, and whose data they go for. */
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { keys } from '../../functions/lib/data/datum.ts';
import { network, type World } from './world.ts';

export const first = Buffer.from('{"celsius":21}');
export const second = Buffer.from('{"celsius":-4}');

export const refOf = (key: string) => ({ ...network, key });

export async function rewrite(
  { etcd }: World,
  key: string,
  value?: string | Buffer,
): Promise<void> {
  const revision = (await etcd.get(key))?.revision ?? '0';
  await etcd.commit({ [key]: revision }, [{ key, ...(value !== undefined && { value }) }]);
}

export const read = async ({ etcd }: World, key: string): Promise<Buffer> =>
  (await etcd.get(key))!.value;

export async function edit(world: World, key: string, changes: object): Promise<void> {
  const known = JSON.parse((await read(world, key)).toString()) as object;
  await rewrite(world, key, JSON.stringify({ ...known, ...changes }));
}

/** A datum of two versions, and where the record of each is. */
export async function victim(world: World, who = 'alice') {
  const key = `victim-${randomUUID()}`;
  const receipts = [await world.put(key, first, { who }), await world.put(key, second, { who })];
  const [one, two] = receipts.map(({ index }) => keys.version(refOf(key), index));
  return { key, receipts, one: one!, two: two! };
}
export type Victim = Awaited<ReturnType<typeof victim>>;

/** The stored bytes of an index, past all of our code. */
export async function stored(world: World, index: string): Promise<Buffer> {
  if (index.startsWith('etcd://')) return read(world, index.slice(7));
  return buffer(await world.putDeps.objects.get(index.slice('minio://selvedge/'.length)));
}

/** Puts other bytes in the place of stored ones, as an intruder in the store would. */
export async function replace(world: World, index: string, bytes: Buffer): Promise<void> {
  if (index.startsWith('etcd://')) return rewrite(world, index.slice(7), bytes);
  await world.minio.client().putObject('selvedge', index.slice('minio://selvedge/'.length), bytes);
}
