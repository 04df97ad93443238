import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import anyTest, { type TestFn } from 'ava';
import * as errors from '../../functions/lib/errors.ts';
import { ownerOnly } from '../../functions/lib/data/access-policy.ts';
import { ciphertextSize } from '../../functions/lib/data/cipher.ts';
import { submitFacts } from '../../functions/lib/data/chain.ts';
import { keys } from '../../functions/lib/data/datum.ts';
import { policyDigest } from '../../functions/lib/data/digests.ts';
import { trailerLength } from '../../functions/lib/data/leaves.ts';
import { treeDigest } from '../fakes/tree.ts';
import { replace, stored } from './intruder.ts';
import { network, startWorld, type World } from './world.ts';

const test = anyTest as TestFn<World>;
test.before(async (t) => {
  t.context = await startWorld();
});
test.after.always((t) => t.context.stop());

const fresh = (): string => `key-${randomUUID()}`;
const json = (size: number): Buffer => Buffer.from(JSON.stringify({ text: 'x'.repeat(size) }));

const kinds = {
  record: { body: json(1000), contentType: 'application/json' },
  'record of 1 MiB': { body: randomBytes(1024 * 1024), tier: 'record' as const },
  'empty record': { body: Buffer.alloc(0) },
  object: { body: randomBytes(70_000), contentType: 'application/octet-stream' },
  'empty object': { body: Buffer.alloc(0), tier: 'object' as const },
  'object of several deps': { body: randomBytes(23_000_001), contentType: 'video/mp4' },
  'JSON over 1 MiB': { body: json(1_100_000), contentType: 'application/json' },
};

for (const [name, { body, ...options }] of Object.entries(kinds)) {
  test(`${name}: comes back as it was, and the chain has the digest of what is stored`, async (t) => {
    const key = fresh();
    const receipt = await t.context.put(key, body, options);
    t.like(receipt, { key, version: 1, size: body.length, owner: 'id-alice' });
    t.is(receipt.tier, name.includes('record') ? 'record' : 'object');
    t.true(body.equals(await t.context.get(key)));
    const view = await t.context.verify(key);
    t.like(view, { receipt, verified: true });
    const size = ciphertextSize(body.length);
    const bytes = await stored(t.context, receipt.index);
    t.is(bytes.length, size + trailerLength(size));
    const digest = treeDigest(bytes.subarray(0, size));
    t.is(receipt.digest, digest);
    t.like(view.onChain, { digest, size, index: receipt.index, version: 1 });
    t.like(view.head, { owner: 'id-alice', version: 1, erased: false });
    if (body.length > 0) t.false(bytes.includes(body.subarray(0, 32)));
  });
}

test('versions follow one another, and older ones stay readable', async (t) => {
  const key = fresh();
  for (const version of [1, 2, 3]) {
    t.is((await t.context.put(key, json(version))).version, version);
  }
  t.true(json(3).equals(await t.context.get(key)));
  t.true(json(1).equals(await t.context.get(key, { version: 1 })));
  await t.throwsAsync(t.context.get(key, { version: 9 }), { instanceOf: errors.NotFound });
});

test('puts of one datum at the same moment each get a version of their own', async (t) => {
  const key = fresh();
  const receipts = await Promise.all(
    Array.from({ length: 12 }, (_, i) => t.context.put(key, json(i))),
  );
  const versions = receipts.map(({ version }) => version).sort((a, b) => a - b);
  t.deepEqual(
    versions,
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  const last = receipts.findIndex(({ version }) => version === 12);
  t.true(json(last).equals(await t.context.get(key)));
});

test('a key may hold anything printable', async (t) => {
  for (const key of ['a/b c/ü%2F', 'snow☃man', 'x'.repeat(512)]) {
    await t.context.put(key, json(1));
    t.true(json(1).equals(await t.context.get(key)));
  }
});

test('what is not there is not found', async (t) => {
  await t.throwsAsync(t.context.get(fresh()), { instanceOf: errors.NotFound });
});

test('another user may neither read nor write nor see the receipt, and the audit says so', async (t) => {
  const key = fresh();
  await t.context.put(key, json(1));
  const bob = { who: 'bob' };
  const absent = await t.throwsAsync(t.context.get(fresh()), { instanceOf: errors.NotFound });
  for (const read of [t.context.get(key, bob), t.context.verify(key, bob)]) {
    const error = await t.throwsAsync(read, { instanceOf: errors.NotFound });
    t.deepEqual(errors.toProblem(error), errors.toProblem(absent));
  }
  await t.throwsAsync(t.context.put(key, json(2), bob), { instanceOf: errors.Forbidden });
  t.true(t.context.audit.some((fact) => fact.audit === 'denied' && fact.key === key));
  t.true(json(1).equals(await t.context.get(key)));
});

test('a policy that the chain has lets others read, and only read', async (t) => {
  const { put, get, etcd, ledger, names } = t.context;
  const key = fresh();
  await put(key, json(1));
  const ref = { ...network, key };
  const at = keys.policy(ref);
  const { revision } = (await etcd.get(at))!;
  const value = `${ownerOnly}@id("open") permit (principal, action == Action::"read", resource);`;
  const { incarnation } = network;
  const fact = { kind: 'policy', id: await names.idOf(ref), incarnation, edition: 2 } as const;
  await ledger.ledgers.with(network, (chain) =>
    submitFacts(chain, [{ ...fact, policy: policyDigest(value) }]),
  );
  await etcd.commit({ [at]: revision }, [{ key: at, value }]);
  t.true(json(1).equals(await get(key, { who: 'bob' })));
  await t.throwsAsync(put(key, json(2), { who: 'bob' }), { instanceOf: errors.Forbidden });
  t.is((await put(key, json(2))).version, 2);
  t.true(json(2).equals(await get(key, { who: 'bob' })));
});

test.serial(
  'the same id with the same body gives the first receipt, with another body it is refused',
  async (t) => {
    for (const options of [{}, { tier: 'object' as const }]) {
      const [key, id] = [fresh(), randomUUID()];
      const first = await t.context.put(key, json(1), { id, ...options });
      const before = t.context.ledger.state.size;
      t.deepEqual(await t.context.put(key, json(1), { id, ...options }), first);
      const other = t.context.put(key, json(2), { id, ...options });
      await t.throwsAsync(other, { instanceOf: errors.Unprocessable });
      const elsewhere = t.context.put(fresh(), json(1), { id, ...options });
      await t.throwsAsync(elsewhere, { instanceOf: errors.Unprocessable });
      t.is(t.context.ledger.state.size, before);
      t.true(json(1).equals(await t.context.get(key)));
    }
  },
);

test('a record over the limit is refused before anything is written', async (t) => {
  const key = fresh();
  const put = t.context.put(key, randomBytes(1024 * 1024 + 1), { tier: 'record' });
  const error = await t.throwsAsync(put, { instanceOf: errors.TooLarge });
  t.is(error.members.limit, 1024 * 1024);
  t.is(await t.context.etcd.get(keys.datum({ ...network, key })), undefined);
});

for (const tier of ['record', 'object'] as const) {
  test(`one flipped byte anywhere in the ${tier} is an integrity error with no plaintext`, async (t) => {
    const key = fresh();
    const { index } = await t.context.put(key, json(500), { tier });
    const bytes = await stored(t.context, index);
    for (const at of [0, 5, 20, 47, 48, 100, bytes.length - 17, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      await replace(t.context, index, changed);
      await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError });
    }
    t.false((await t.context.verify(key)).verified);
    await replace(t.context, index, bytes.subarray(0, -1));
    await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError });
    await replace(t.context, index, Buffer.concat([bytes, Buffer.alloc(1)]));
    await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError });
    t.true(t.context.audit.some((fact) => fact.audit === 'integrity' && fact.key === key));
    await replace(t.context, index, bytes);
    t.true(json(500).equals(await t.context.get(key)));
  });
}

test('every field of the metadata that is changed is found', async (t) => {
  const key = fresh();
  const other = await t.context.put(fresh(), json(500), { who: 'bob' });
  const { index } = await t.context.put(key, json(500));
  const at = keys.version({ ...network, key }, index);
  const before = (await t.context.etcd.get(at))!.value;
  const record = JSON.parse(before.toString()) as Record<string, unknown>;
  const published = { version: 1, transactionId: 'other', block: 1 };
  const changes: Record<string, unknown> = {
    tier: 'object',
    index: other.index,
    digest: other.digest,
    size: Number(record.size) + 1,
    wrapped: 'vault:v1:AAAA',
    owner: 'id-bob',
    format: 'selvedge-0',
    contentType: 'text/html',
    createdAt: '2020-01-01T00:00:00.000Z',
  };
  const write = async (value: string | Buffer) => {
    const { revision } = (await t.context.etcd.get(at))!;
    await t.context.etcd.commit({ [at]: revision }, [{ key: at, value }]);
  };
  for (const [name, value] of Object.entries(changes)) {
    await write(JSON.stringify({ ...record, [name]: value }));
    await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError }, name);
    await write(JSON.stringify({ ...record, [name]: undefined }));
    await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError }, `no ${name}`);
  }
  await write(JSON.stringify({ ...record, published }));
  await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError });
  await write('not JSON');
  await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError });
  await write(before);
  t.true(json(500).equals(await t.context.get(key)));
});

test('ciphertext that is gone is an integrity error', async (t) => {
  const key = fresh();
  const { index } = await t.context.put(key, json(1), { tier: 'object' });
  await t.context.minio.client().removeObject('selvedge', index.slice('minio://selvedge/'.length));
  await t.throwsAsync(t.context.get(key), { instanceOf: errors.IntegrityError });
  t.false((await t.context.verify(key)).verified);
});

test.serial(
  'a client that leaves in mid-upload leaves nothing behind and nothing hanging',
  async (t) => {
    const before = await count(t.context);
    const key = fresh();
    const gone = new AbortController();
    const body = new Readable({
      read() {
        this.push(randomBytes(1_000_000));
      },
    });
    let sent = 0;
    body.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      if (sent > 12_000_000) gone.abort(new Error('the caller left'));
    });
    body.pause();
    const put = t.context.put(key, body, { contentType: 'video/mp4', signal: gone.signal });
    await t.throwsAsync(put);
    t.deepEqual(await count(t.context), before);
    await t.throwsAsync(t.context.get(key), { instanceOf: errors.NotFound });
  },
);

test.serial('a body that breaks off is refused and leaves nothing behind', async (t) => {
  for (const size of [1000, 12_000_000]) {
    const before = await count(t.context);
    const body = Readable.from(
      (function* () {
        yield randomBytes(size);
        throw new Error('connection reset');
      })(),
    );
    const put = t.context.put(fresh(), body, { contentType: 'video/mp4' });
    await t.throwsAsync(put, { instanceOf: errors.BadRequest });
    t.deepEqual(await count(t.context), before);
  }
});

/** Objects, unfinished uploads and intents of the network that are not done. */
async function count(world: World) {
  const objects = await world.minio.client().listObjectsV2('selvedge', '', true).toArray();
  const uploads = await world.minio.client().listIncompleteUploads('selvedge', '', true).toArray();
  let open = 0;
  for await (const { value } of world.putDeps.metadata.intents()) {
    if (value.state !== 'done') open++;
  }
  return { objects: objects.length, uploads: uploads.length, open };
}
