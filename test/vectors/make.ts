/**
 * What others can test an implementation of the data contract by: `node scripts/run.mjs test/vectors/make.ts`
 * writes it anew, beside this file, and `npm run format` lays it out. The keys are for nothing else.
 */
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { Sealed } from '../../functions/data-put/body.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { encrypt, format } from '../../functions/lib/data/cipher.ts';
import { bindingOf, objectPlace, recordPlace } from '../../functions/lib/data/datum.ts';
import { metaDigest, policyDigest } from '../../functions/lib/data/digests.ts';
import { factText, type VersionFact } from '../../functions/lib/data/fact.ts';
import { nameOf } from '../../functions/lib/data/names.ts';
import { createLeafHash, TreeHash } from '../../functions/lib/data/tree.ts';

const network = {
  namespace: 'selvedge',
  network: 'supply',
  incarnation: '5e1f0a3c-0001-4000-8000-000000000001',
};
const [nameKey, dataKey] = [Buffer.alloc(32, 7), Buffer.alloc(32, 9)];
const prefix = Buffer.from('01020304050607', 'hex');
const owner = 'c0ffee';
const createdAt = '2026-01-01T00:00:00.000Z';
const policy = ownerOnly;

const data = {
  nothing: { size: 0, tier: 'object', contentType: 'application/octet-stream', key: 'empty' },
  'one frame': { size: 14, tier: 'record', contentType: 'application/json', key: 'readings/42 ü' },
  'two frames': { size: 65_537, tier: 'object', contentType: 'text/plain; x="ü"', key: 'big' },
} as const;

/** Trees of up to so many leaves: leaf i has i bytes of value i. */
const mostLeaves = 9;

export interface Vectors {
  tree: { leaves: string[]; root: string }[];
  versions: object[];
}

export async function vectors(): Promise<Vectors> {
  const tree = Array.from({ length: mostLeaves + 1 }, (_, count) => treeOf(count));
  const versions = Object.keys(data).map((name) => versionOf(name as keyof typeof data));
  return { tree, versions: await Promise.all(versions) };
}

function treeOf(count: number): Vectors['tree'][number] {
  const leaves = Array.from({ length: count }, (_, at) => Buffer.alloc(at, at));
  const tree = new TreeHash();
  for (const leaf of leaves) tree.add(createLeafHash().update(leaf).digest());
  return {
    leaves: leaves.map((leaf) => leaf.toString('hex')),
    root: tree.root().toString('hex'),
  };
}

/** One version: what was put, what is stored of it, and its fact. Byte i of the plaintext is i mod 251. */
async function versionOf(name: keyof typeof data): Promise<object> {
  const { size, tier, contentType, key } = data[name];
  const ref = { ...network, key };
  const { index } = tier === 'record' ? recordPlace(network, 'n') : objectPlace(network, 'b', 'n');
  const plaintext = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
  const binding = bindingOf(ref, { index, owner, contentType, createdAt });
  const sealed = new Sealed();
  const ciphertext = await buffer(
    Readable.from([plaintext])
      .pipe(encrypt(dataKey, binding, prefix))
      .pipe(sealed),
  );
  const wrapped = 'vault:v1:AAAA';
  const fact: VersionFact = {
    ...{ kind: 'version', id: nameOf(nameKey, ref), incarnation: network.incarnation, index },
    ...{ digest: sealed.digest, size: sealed.size, owner, format, policy: policyDigest(policy) },
    meta: metaDigest({ tier, contentType, createdAt, wrapped }),
  };
  return {
    name,
    ...{ namespace: network.namespace, network: network.network, key, plaintextSize: size },
    ...{ nameKey: nameKey.toString('hex'), dataKey: dataKey.toString('hex') },
    record: { tier, contentType, createdAt, wrapped },
    policy,
    ciphertext: ciphertext.toString('base64'),
    fact: JSON.parse(factText(fact)) as VersionFact,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [name, value] of Object.entries(await vectors())) {
    const file = new URL(`./${name}.json`, import.meta.url);
    await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
  }
}
