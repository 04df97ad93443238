/** Values in etcd as they are read and written: JSON, with the revision that they were read at. */
import { IntegrityError } from '../errors.ts';
import type { Change, Entry, Etcd } from './etcd.ts';
import type { Revised } from './model.ts';

/** @throws IntegrityError for what we cannot have written */
export async function read<T>(
  etcd: Pick<Etcd, 'get'>,
  key: string,
): Promise<Revised<T> | undefined> {
  const entry = await etcd.get(key);
  return entry && revised<T>(entry);
}

/** All whose keys begin so; throws as {@link read} does. */
export async function* pages<T>(
  etcd: Pick<Etcd, 'list'>,
  prefix: string,
): AsyncGenerator<Revised<T> & { key: string }> {
  const size = 200;
  let after: string | undefined;
  for (;;) {
    const page = await etcd.list(prefix, size, after);
    for (const entry of page) yield { ...revised<T>(entry), key: entry.key };
    if (page.length < size) return;
    after = page.at(-1)?.key;
  }
}

/** @throws IntegrityError for what we cannot have written */
export function revised<T>({ value, revision }: Entry): Revised<T> {
  try {
    return { value: JSON.parse(value.toString()) as T, revision };
  } catch (cause) {
    throw new IntegrityError('the metadata cannot be read', { cause });
  }
}

export function json(key: string, value: unknown): Change {
  return { key, value: JSON.stringify(value) };
}
