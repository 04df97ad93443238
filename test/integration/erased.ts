/** A datum to erase, and what an auditor finds of it in the stores. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { keys, prefixes, type DatumRef } from '../../functions/lib/data/datum.ts';
import type { Entry } from '../../functions/lib/data/etcd.ts';
import { network, type World } from './world.ts';

export const body = randomBytes(5000);
export const open = `${ownerOnly}@id("open") permit (principal, action == Action::"read", resource);`;
export const fresh = (): string => `erased/${randomUUID()}`;
export const refOf = (key: string) => ({ ...network, key });

/** A datum of three versions in both tiers, with its second policy. */
export async function made({ put, restrict }: World, key = fresh()): Promise<string> {
  await put(key, body, { tier: 'record' });
  await put(key, body, { tier: 'object' });
  await put(key, body, { tier: 'object' });
  await restrict(key, open);
  return key;
}

/** Nothing is left of it, but that it was, and who may know. */
export async function isErased(t: ExecutionContext<World>, key: string): Promise<void> {
  t.deepEqual(await leftOf(t.context, key), [prefixes.data, prefixes.policies]);
  const datum = await t.context.putDeps.metadata.datum(refOf(key));
  t.deepEqual(Object.keys(datum?.value ?? {}).sort(), ['claims', 'erasedAt', 'owner']);
}

const kinds = Object.values(prefixes).filter(
  (prefix) => prefix !== prefixes.all && prefix !== prefixes.outbox,
);

/**
 * The prefix of each key in etcd that is a datum's or holds something of it, and `object` for each object that is
 * one of its versions. What is done is no put any more: it holds a receipt, and no key.
 */
export async function leftOf(world: World, key: string): Promise<string[]> {
  const ref: DatumRef = { ...network, key };
  const indexes = await indexesOf(world, ref);
  const left: string[] = [];
  for (const prefix of kinds) {
    const found = await world.etcd.list(prefix, 5000);
    const own = found.filter(
      (one) => isNamedAfter(ref, one) || indexes.has(`etcd://${one.key}`) || isPutOf(key, one),
    );
    left.push(...own.map(() => prefix));
  }
  const objects = await world.minio.client().listObjectsV2('selvedge', '', true).toArray();
  const own = (objects as { name: string }[]).filter(({ name }) =>
    indexes.has(`minio://selvedge/${name}`),
  );
  return [...left, ...own.map(() => 'object')];
}

/** Where the ciphertexts of all its versions are or were, as the chain has it. */
async function indexesOf({ names, ledger }: World, ref: DatumRef): Promise<Set<string>> {
  const id = await names.idOf(ref);
  const versions = [...ledger.state].filter(([at]) => at.startsWith(`["version","${id}"`));
  return new Set(versions.map(([, text]) => (JSON.parse(text) as { index: string }).index));
}

function isNamedAfter(ref: DatumRef, { key: at }: Entry): boolean {
  const name = keys.datum(ref).slice(keys.datum(ref).lastIndexOf('/'));
  return at.endsWith(name) || at.includes(`${name}/`);
}

function isPutOf(key: string, { key: at, value }: Entry): boolean {
  if (!at.startsWith(prefixes.intents)) return false;
  const intent = JSON.parse(value.toString()) as { key: string; state: string };
  return intent.key === key && intent.state !== 'done';
}
