/** What each function may do in a Vault as the setup leaves it: one table over a real Vault. */
import anyTest, { type TestFn } from 'ava';
import { connectVault, type Vault } from '../../functions/lib/vault/client.ts';
import { VaultRefusal } from '../../functions/lib/vault/refusal.ts';
import { startVault, type VaultServer } from './harness.ts';

const users = ['data-put', 'data-get', 'keys', 'provisioning', 'failover'] as const;
type User = (typeof users)[number];

const test = anyTest as TestFn<{ server: VaultServer; ciphertext: string }>;
test.before(async (t) => {
  const server = await startVault();
  await server.root('POST', 'transit/keys/user-known', { type: 'aes256-gcm96' });
  await server.root('POST', 'transit/keys/user-doomed', { type: 'aes256-gcm96' });
  await server.root('POST', 'transit/keys/user-doomed/config', { deletion_allowed: true });
  const made = await server.root('POST', 'transit/datakey/plaintext/user-known', { bits: 256 });
  const { ciphertext } = made.data as { ciphertext: string };
  for (const path of [
    'networks/ns/net',
    'incarnations/one',
    'fabric/ns/net',
    'names/one',
    'users/known',
  ])
    await server.root('POST', `selvedge/data/${path}`, { data: { kept: 'x' } });
  t.context = { server, ciphertext };
});
test.after.always((t) => t.context.server.stop());

type Attempt = (vault: Vault, known: { ciphertext: string }) => Promise<unknown>;
const read =
  (path: string): Attempt =>
  (vault) =>
    vault.read(path);
const write =
  (path: string, body: Record<string, unknown> = { data: { x: 1 } }): Attempt =>
  (vault) =>
    vault.write(path, body);
const list =
  (path: string): Attempt =>
  (vault) =>
    vault.list(path);
const remove =
  (path: string): Attempt =>
  (vault) =>
    vault.remove(path);

const key = { type: 'aes256-gcm96' };
const calls: Record<string, [readonly User[], Attempt]> = {
  'make a user’s key': [['data-put'], write('transit/keys/user-new', key)],
  'see how old a user’s key is': [['keys'], read('transit/keys/user-known')],
  'have a user’s key destroyed': [
    ['keys'],
    write('transit/keys/user-known/config', { deletion_allowed: true }),
  ],
  'rotate a user’s key': [['keys'], write('transit/keys/user-known/rotate', {})],
  'retire old versions of a user’s key': [
    ['keys'],
    write('transit/keys/user-known/config', { min_decryption_version: 1 }),
  ],
  'have a data key wrapped anew': [
    ['keys'],
    (vault, { ciphertext }) => vault.write('transit/rewrap/user-known', { ciphertext }),
  ],
  'have a user’s key exported': [[], write('transit/keys/user-known/config', { exportable: true })],
  'export a user’s key': [[], read('transit/export/encryption-key/user-known')],
  'back a user’s key up': [[], read('transit/backup/user-known')],
  'destroy a user’s key': [['keys'], remove('transit/keys/user-doomed')],
  'read whose key was made or destroyed': [
    ['data-put', 'data-get', 'keys'],
    read('selvedge/data/users/known'),
  ],
  'note that a key was made': [['data-put', 'keys'], write('selvedge/data/users/new')],
  'change such a note': [['keys'], write('selvedge/data/users/known')],
  'remove such a note': [[], remove('selvedge/metadata/users/known')],
  'see what was begun with keys': [['keys'], list('selvedge/metadata/key-work')],
  'say what was begun with keys': [['keys'], write('selvedge/data/key-work/new')],
  'make a key that can be exported': [
    [],
    write('transit/keys/user-bad', { ...key, exportable: true }),
  ],
  'make a data key': [['data-put'], write('transit/datakey/plaintext/user-known', { bits: 256 })],
  'wrap data keys': [
    ['data-put'],
    write('transit/encrypt/user-known', { batch_input: [{ plaintext: 'eA==' }] }),
  ],
  'wrap data keys under a key that is gone': [
    [],
    write('transit/encrypt/user-gone', { batch_input: [{ plaintext: 'eA==' }] }),
  ],
  'make a fingerprint': [['data-put'], write('transit/hmac/user-known', { input: 'eA==' })],
  'open a data key': [
    ['data-get'],
    (vault, { ciphertext }) => vault.write('transit/decrypt/user-known', { ciphertext }),
  ],
  'read how a network is reached': [
    ['data-put', 'data-get', 'provisioning'],
    read('selvedge/data/networks/ns/net'),
  ],
  'write how a network is reached': [['provisioning'], write('selvedge/data/networks/ns/other')],
  'read whose data are to be erased': [['data-put'], read('selvedge/data/incarnations/one')],
  'say whose data are to be erased': [['provisioning'], write('selvedge/data/incarnations/two')],
  'list whose data are to be erased': [['data-put'], list('selvedge/metadata/incarnations')],
  'forget whose data were erased': [['data-put'], remove('selvedge/metadata/incarnations/none')],
  'read the key that data are named by': [
    ['data-put', 'data-get'],
    read('selvedge/data/names/one'),
  ],
  'make such a key': [['provisioning'], write('selvedge/data/names/two')],
  'change such a key': [[], write('selvedge/data/names/one')],
  'see whether there is such a key': [['provisioning'], read('selvedge/metadata/names/one')],
  'remove such a key': [['provisioning'], remove('selvedge/metadata/names/none')],
  'read an identity that is kept': [['provisioning'], read('selvedge/data/fabric/ns/net')],
  'keep an identity': [['provisioning'], write('selvedge/data/fabric/ns/other')],
  'list the identities that are kept': [['provisioning'], list('selvedge/metadata/fabric')],
  'mount an authority of a network': [
    ['provisioning'],
    write('sys/mounts/fabric/ns/net', { type: 'pki' }),
  ],
  'mount anything else': [[], write('sys/mounts/elsewhere', { type: 'pki' })],
  'see who the members of Vault are': [['failover'], read('sys/storage/raft/configuration')],
  'remove a member of Vault': [
    ['failover'],
    write('sys/storage/raft/remove-peer', { server_id: 'vault-9' }),
  ],
  'take a copy of all of Vault': [[], read('sys/storage/raft/snapshot')],
  'list what is mounted': [[], read('sys/mounts')],
  'read a policy': [[], read('sys/policies/acl/provisioning')],
  'change a role': [[], write('auth/jwt/role/data-get', { token_policies: ['provisioning'] })],
  'write anything else that is kept': [[], write('selvedge/data/else')],
};

for (const [what, [allowed, attempt]] of Object.entries(calls)) {
  for (const user of users) {
    const may = allowed.includes(user);
    // One after another: authorities are mounted by one and the table is shared.
    test.serial(`${user} ${may ? 'may' : 'may not'} ${what}`, async (t) => {
      const { server, ciphertext } = t.context;
      const trying = attempt(connectVault(server.as(user)), { ciphertext });
      if (may) await t.notThrowsAsync(trying);
      else await t.throwsAsync(trying, { instanceOf: VaultRefusal, message: /permission denied/ });
    });
  }
}
