import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { GatewayError } from '../../scripts/cli/client.ts';
import { command, fresh, user } from './cluster.ts';
import {
  dumpEtcd,
  listObjects,
  readObject,
  readRecord,
  replaceObject,
  replaceRecord,
} from './stores.ts';

const json = { contentType: 'application/json' };
const binary = { contentType: 'application/octet-stream' };

/** The digest of a ciphertext by a program that shares no code with Selvedge. */
async function digestOf(bytes: Buffer): Promise<string> {
  const program = fileURLToPath(new URL('../vectors/verify.py', import.meta.url));
  return (await command('python3', [program, '--digest'], bytes)).toString().trim();
}

async function refused(t: ExecutionContext, call: Promise<unknown>): Promise<GatewayError> {
  const error = await t.throwsAsync(call, { instanceOf: GatewayError });
  return error;
}

for (const { what, options, read, replace } of [
  { what: 'record' as const, options: json, read: readRecord, replace: replaceRecord },
  { what: 'object' as const, options: binary, read: readObject, replace: replaceObject },
]) {
  const content = (): Buffer =>
    Buffer.from(JSON.stringify({ secret: fresh('plaintext'), filler: 'x'.repeat(100_000) }));

  test.serial(`the digest on the chain is that of the stored ${what}`, async (t) => {
    const alice = await user('alice');
    const key = fresh(what);
    const receipt = await alice.put(key, content(), options);
    t.is(receipt.tier, what);
    const { verified, onChain } = await alice.verify(key);
    t.true(verified);
    t.like(onChain, { digest: await digestOf(await read(receipt.index)), index: receipt.index });
  });

  test.serial(
    `the ${what} comes back as it was stored, and its newest version first`,
    async (t) => {
      const alice = await user('alice');
      const key = fresh(what);
      const [first, second] = [content(), content()];
      await alice.put(key, first, options);
      await alice.put(key, second, options);
      t.true(second.equals(await alice.get(key)));
      t.true(first.equals(await alice.get(key, 1)));
    },
  );

  test.serial(`no byte of the ${what} is stored in the clear`, async (t) => {
    const alice = await user('alice');
    const marker = fresh('plaintext');
    const key = fresh(what);
    const { index } = await alice.put(key, Buffer.from(JSON.stringify({ marker })), options);
    t.false((await read(index)).includes(marker));
    t.false((await dumpEtcd()).includes(marker));
    const names = await listObjects();
    // What is looked through has the datum in it; its key is no part of an object's name.
    if (what === 'object') t.true(names.some((name) => index.endsWith(name)));
    for (const name of names) t.false(name.includes(marker) || name.includes(key), name);
  });

  test.serial(
    `one flipped byte in the ${what} is an integrity error without plaintext`,
    async (t) => {
      const alice = await user('alice');
      const key = fresh(what);
      const { index } = await alice.put(key, content(), options);
      const stored = await read(index);
      for (const position of [0, Math.floor(stored.length / 2), stored.length - 1]) {
        const flipped = Buffer.from(stored);
        flipped[position]! ^= 1;
        await replace(index, flipped);
        const { status, problem } = await refused(t, alice.get(key));
        t.is(status, 500);
        t.regex(String(problem['type']), /integrity$/);
        t.notRegex(JSON.stringify(problem), /plaintext-/);
      }
      t.false((await alice.verify(key)).verified);
      await replace(index, stored);
      t.truthy(await alice.get(key));
    },
  );

  test.serial(`another user may neither read nor replace the ${what}`, async (t) => {
    const [alice, bob] = [await user('alice'), await user('bob')];
    const key = fresh(what);
    await alice.put(key, content(), options);
    t.is((await refused(t, bob.get(key))).status, 404);
    t.is((await refused(t, bob.verify(key))).status, 404);
    t.is((await refused(t, bob.put(key, content(), options))).status, 403);
  });

  test.serial(`an erased ${what} is gone for good, and its ciphertext with it`, async (t) => {
    const [alice, bob] = [await user('alice'), await user('bob')];
    const key = fresh(what);
    const { index } = await alice.put(key, content(), options);
    t.truthy(await read(index));
    t.is((await refused(t, bob.erase(key))).status, 404);
    const transaction = await alice.erase(key);
    t.is(await alice.erase(key), transaction);
    t.is((await refused(t, alice.get(key))).status, 410);
    t.is((await refused(t, alice.put(key, content(), options))).status, 410);
    t.is((await refused(t, bob.get(key))).status, 404);
    await t.throwsAsync(read(index));
  });
}

test.serial(
  'the same idempotency key gives the first receipt; another body is refused',
  async (t) => {
    const alice = await user('alice');
    const [key, idempotencyKey] = [fresh('record'), fresh('idempotency')];
    const first = await alice.put(key, Buffer.from('{"a":1}'), { ...json, idempotencyKey });
    const again = await alice.put(key, Buffer.from('{"a":1}'), { ...json, idempotencyKey });
    t.deepEqual(again, first);
    const other = alice.put(key, Buffer.from('{"a":2}'), { ...json, idempotencyKey });
    t.true([409, 422].includes((await refused(t, other)).status));
  },
);

test.serial('an object of 64 MiB streams through and back', async (t) => {
  const alice = await user('alice');
  const key = fresh('large');
  const bytes = randomBytes(64 * 1024 * 1024);
  const { size, tier } = await alice.put(key, bytes, binary);
  t.deepEqual({ size, tier }, { size: bytes.length, tier: 'object' });
  t.true(bytes.equals(await alice.get(key)));
});

test.serial('a caller without a valid token is not served', async (t) => {
  const { connectGateway } = await import('../../scripts/cli/client.ts');
  const { gateway, network } = await import('./cluster.ts');
  const nobody = connectGateway(gateway, network, 'not-a-token');
  t.is((await refused(t, nobody.get('anything'))).status, 401);
});
