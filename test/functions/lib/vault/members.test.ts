import test from 'ava';
import { readUnsealKeys, saveUnsealKeys } from '../../../../functions/lib/vault/unseal-keys.ts';
import { decodeRoot } from '../../../../functions/lib/vault/members.ts';
import { Unavailable } from '../../../../functions/lib/errors.ts';
import { FakeObjects } from '../../../fakes/objects.ts';

test('a root token is decoded with its one-time password', (t) => {
  const otp = 'abcdefghijklmnopqrstuvwxyz12';
  const token = 'hvs.0123456789ABCDEFGHIJKLMN';
  const mixed = Buffer.from(token).map((byte, index) => byte ^ otp.charCodeAt(index));
  const encoded = Buffer.from(mixed).toString('base64').replace(/=+$/, '');
  t.is(decodeRoot(encoded, otp), token);
});

test('unseal keys are read as they were saved', async (t) => {
  const cluster = new FakeObjects();
  t.is(await readUnsealKeys(cluster.edge, 'selvedge'), undefined);
  const keys = { shares: ['YQ==', 'Yg==', 'Yw=='], threshold: 2 };
  await saveUnsealKeys(cluster.edge, 'selvedge', keys);
  t.deepEqual(await readUnsealKeys(cluster.edge, 'selvedge'), keys);
});

test('a Secret that waits for its keys holds none', async (t) => {
  const metadata = { name: 'vault-unseal', namespace: 'selvedge' };
  const cluster = new FakeObjects({ apiVersion: 'v1', kind: 'Secret', metadata });
  t.is(await readUnsealKeys(cluster.edge, 'selvedge'), undefined);
});

test('a spoilt Secret is reported without a word of what it holds', async (t) => {
  const cluster = new FakeObjects();
  await saveUnsealKeys(cluster.edge, 'selvedge', { shares: ['c2VjcmV0'], threshold: 2 });
  const error = await t.throwsAsync(readUnsealKeys(cluster.edge, 'selvedge'), {
    instanceOf: Unavailable,
  });
  t.notRegex(`${error.message} ${String(error.cause)}`, /c2VjcmV0|secret/);
});
