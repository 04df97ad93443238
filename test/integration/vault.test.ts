import { writeFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { Gone, IntegrityError, Unavailable } from '../../functions/lib/errors.ts';
import { createKeys } from '../../functions/lib/data/keys.ts';
import { connectVault, VaultRefusal } from '../../functions/lib/vault/client.ts';
import { startVault, type VaultServer } from './harness.ts';

const test = anyTest as TestFn<VaultServer>;
test.before(async (t) => {
  t.context = await startVault();
});
test.after.always((t) => t.context.stop());

test('what is not there is undefined, an empty list, and nothing to remove', async (t) => {
  const vault = connectVault(t.context.as('provisioning'));
  t.is(await vault.read('selvedge/data/networks/selvedge/none'), undefined);
  t.deepEqual(await vault.list('selvedge/metadata/networks/none'), []);
  await t.notThrowsAsync(vault.remove('selvedge/data/networks/selvedge/none'));
});

test('what provisioning writes of a network, the data functions read', async (t) => {
  const path = 'selvedge/data/networks/selvedge/supply';
  const data = { connection: { channel: 'goods' } };
  await connectVault(t.context.as('provisioning')).write(path, { data });
  for (const role of ['data-put', 'data-get'] as const) {
    const found = await connectVault(t.context.as(role)).read(path);
    t.deepEqual(found?.data, data);
  }
});

test('a function that oversteps its policy is refused, with no secret in the error', async (t) => {
  const vault = connectVault(t.context.as('data-get'));
  const error = await t.throwsAsync(vault.write('transit/keys/user-x', { type: 'aes256-gcm96' }), {
    instanceOf: VaultRefusal,
  });
  t.is(error.status, 403);
  t.notRegex(JSON.stringify(error), /hvs\./);
});

test('a data key opens with its owner’s key and no other', async (t) => {
  const write = createKeys(connectVault(t.context.as('data-put')));
  const read = createKeys(connectVault(t.context.as('data-get')));
  await write.dataKey('bob');
  const { plaintext, wrapped } = await write.dataKey('alice');
  t.is(plaintext.length, 32);
  t.true((await read.unwrap('alice', wrapped)).equals(plaintext));
  await t.throwsAsync(read.unwrap('bob', wrapped), { instanceOf: IntegrityError });
  const body = wrapped.split(':')[2]!;
  for (const at of [0, 20, body.length - 4]) {
    const flipped = body[at] === 'A' ? 'B' : 'A';
    const changed = `vault:v1:${body.slice(0, at)}${flipped}${body.slice(at + 1)}`;
    await t.throwsAsync(read.unwrap('alice', changed), { instanceOf: IntegrityError });
  }
  for (const nonsense of ['', 'undefined', 'vault:v9:AAAA', 'vault:v1:????']) {
    await t.throwsAsync(read.unwrap('alice', nonsense), { instanceOf: IntegrityError });
  }
});

test('who makes data keys cannot open one, who opens them cannot make one', async (t) => {
  const write = createKeys(connectVault(t.context.as('data-put')));
  const read = createKeys(connectVault(t.context.as('data-get')));
  const { wrapped } = await write.dataKey('carol');
  await t.throwsAsync(write.unwrap('carol', wrapped), { instanceOf: VaultRefusal });
  await t.throwsAsync(read.dataKey('carol'), { instanceOf: VaultRefusal });
});

test('a destroyed key is gone for good', async (t) => {
  const write = createKeys(connectVault(t.context.as('data-put')));
  const { wrapped } = await write.dataKey('dave');
  await t.context.root('POST', 'transit/keys/user-dave/config', { deletion_allowed: true });
  await t.context.root('DELETE', 'transit/keys/user-dave');
  const read = createKeys(connectVault(t.context.as('data-get')));
  await t.throwsAsync(read.unwrap('dave', wrapped), { instanceOf: Gone });
  // Neither who has seen it nor who starts anew makes it again.
  for (const keys of [write, createKeys(connectVault(t.context.as('data-put')))]) {
    await t.throwsAsync(keys.dataKey('dave'), { instanceOf: Gone });
    await t.throwsAsync(keys.fingerprint('dave', 'body'), { instanceOf: Gone });
  }
  await t.throwsAsync(read.unwrap('dave', wrapped), { instanceOf: Gone });
  const note = { data: { made: false } };
  const vault = connectVault(t.context.as('data-put'));
  const change = vault.write('selvedge/data/users/dave', note);
  await t.throwsAsync(change, { instanceOf: VaultRefusal });
});

test('of functions that meet a new user at once each gets a data key', async (t) => {
  const all = Array.from({ length: 4 }, () => createKeys(connectVault(t.context.as('data-put'))));
  const made = await Promise.all(all.map((keys) => keys.dataKey('grace')));
  const read = createKeys(connectVault(t.context.as('data-get')));
  for (const { plaintext, wrapped } of made) {
    t.true((await read.unwrap('grace', wrapped)).equals(plaintext));
  }
});

test('the same text has the same fingerprint for a user, also after the key was rotated', async (t) => {
  const keys = createKeys(connectVault(t.context.as('data-put')));
  const first = await keys.fingerprint('erin', 'body');
  t.is(await keys.fingerprint('erin', 'body'), first);
  t.not(await keys.fingerprint('erin', 'other'), first);
  t.not(await keys.fingerprint('frank', 'body'), first);
  await t.context.root('POST', 'transit/keys/user-erin/rotate', {});
  t.not(await keys.fingerprint('erin', 'body'), first);
  t.is(await keys.fingerprint('erin', 'body', first), first);
});

test.serial('a token that Vault forgot is replaced without anyone noticing', async (t) => {
  const vault = connectVault(t.context.as('provisioning'));
  const read = () => vault.read('selvedge/data/networks/selvedge/none');
  await read();
  await t.context.root('POST', 'sys/leases/revoke-prefix/auth/jwt/login', {});
  t.is(await read(), undefined);
});

test.serial('a login that is refused can be tried again', async (t) => {
  const options = {
    ...t.context.as('data-get'),
    tokenFile: `${t.context.as('data-get').tokenFile}-bad`,
  };
  await writeFile(options.tokenFile, 'not.a.token');
  const vault = connectVault(options);
  const read = vault.read('selvedge/data/networks/selvedge/none');
  await t.throwsAsync(read, { instanceOf: Unavailable });
});

test.serial('a sealed Vault is unavailable, and works again once unsealed', async (t) => {
  const vault = connectVault(t.context.as('data-get'));
  const read = () => vault.read('selvedge/data/networks/selvedge/none');
  await read();
  await t.context.seal();
  const error = await t.throwsAsync(read(), { instanceOf: Unavailable });
  t.true((error.retryAfter ?? 0) > 0);
  await t.context.unseal();
  t.is(await read(), undefined);
});

test('an address where nobody listens is unavailable', async (t) => {
  const vault = connectVault({ ...t.context.as('data-get'), addresses: ['https://127.0.0.1:9'] });
  await t.throwsAsync(vault.read('x'), { instanceOf: Unavailable });
});
