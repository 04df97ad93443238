import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { objectsOptions } from '../../../../functions/lib/function/options.ts';

test('credentials of the object store are what their files hold, without the end of the line', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'options-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'access-key'), 'data-put\n');
  await writeFile(join(folder, 'secret-key'), 'a secret\n');
  const options = objectsOptions({
    MINIO_ENDPOINTS: ['https://minio-0:9000', 'https://minio-1:9000'],
    MINIO_BUCKET: 'selvedge',
    MINIO_CREDENTIALS_DIR: folder,
    CA_FILE: '/ca.crt',
  });
  t.deepEqual(options, {
    endpoints: ['https://minio-0:9000', 'https://minio-1:9000'],
    bucket: 'selvedge',
    accessKey: 'data-put',
    secretKey: 'a secret',
    caFile: '/ca.crt',
  });
});
