/**
 * MinIO and etcd as an auditor would read them: with `curl` over their public protocols, sharing no
 * code and no library with the functions.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, pods, secret } from './cluster.ts';

const bucket = 'selvedge';

async function address(tier: string): Promise<string> {
  const [pod] = await pods(`selvedge.dev/tier=${tier}`);
  if (!pod?.status?.podIP) throw new Error(`no pod of ${tier} has an address`);
  return pod.status.podIP;
}

/** Calls `use` with the PEM files of a Secret in a folder that is gone afterwards. */
async function withFiles<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-e2e-'));
  try {
    for (const [file, content] of Object.entries(await secret(name))) {
      await writeFile(join(folder, file), content, { mode: 0o600 });
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** One S3 call, signed by curl (AWS Signature Version 4). */
async function s3(path: string, ...more: string[]): Promise<Buffer> {
  const credentials = await secret('minio-credentials');
  const ip = await address('minio');
  return withFiles('minio-tls', (folder) =>
    command('curl', [
      ...['--silent', '--show-error', '--fail', '--cacert', join(folder, 'ca.crt')],
      ...['--connect-to', `minio.selvedge.svc:9000:${ip}:9000`],
      ...['--aws-sigv4', 'aws:amz:us-east-1:s3'],
      ...['--user', `${credentials['access-key']}:${credentials['secret-key']}`],
      ...more,
      `https://minio.selvedge.svc:9000/${path}`,
    ]),
  );
}

/** The bytes of the object at a storage index `minio://bucket/name`. */
export function readObject(index: string): Promise<Buffer> {
  return s3(index.replace('minio://', ''));
}

/** Puts other bytes in the place of an object, as an intruder in the store would. */
export async function replaceObject(index: string, bytes: Buffer): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-e2e-'));
  try {
    const file = join(folder, 'object');
    await writeFile(file, bytes);
    await s3(index.replace('minio://', ''), '--upload-file', file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The names of all objects in the bucket. */
export async function listObjects(): Promise<string[]> {
  const xml = (await s3(`${bucket}?list-type=2`)).toString();
  return [...xml.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, name]) => name ?? '');
}

/** One call of etcd's JSON gateway, with a data function's client certificate. */
async function etcd(call: string, body: unknown): Promise<Record<string, unknown>> {
  const ip = await address('etcd');
  return withFiles('etcd-client-data-put', async (folder) => {
    const answer = await command('curl', [
      ...['--silent', '--show-error', '--fail', '--cacert', join(folder, 'ca.crt')],
      ...['--cert', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')],
      ...['--connect-to', `etcd.selvedge.svc:2379:${ip}:2379`],
      ...['--data', JSON.stringify(body), `https://etcd.selvedge.svc:2379/v3/kv/${call}`],
    ]);
    return JSON.parse(answer.toString()) as Record<string, unknown>;
  });
}

const base64 = (value: string | Buffer): string => Buffer.from(value).toString('base64');

/** The bytes at a storage index `etcd://key`. */
export async function readRecord(index: string): Promise<Buffer> {
  const { kvs } = await etcd('range', { key: base64(index.replace('etcd://', '')) });
  const [found] = (kvs ?? []) as { value: string }[];
  if (!found) throw new Error(`etcd has nothing at ${index}`);
  return Buffer.from(found.value, 'base64');
}

/** Puts other bytes in the place of a record. */
export async function replaceRecord(index: string, bytes: Buffer): Promise<void> {
  await etcd('put', { key: base64(index.replace('etcd://', '')), value: base64(bytes) });
}

/** Everything in etcd, keys and values, as one buffer. */
export async function dumpEtcd(): Promise<Buffer> {
  const { kvs } = await etcd('range', { key: base64('\0'), range_end: base64('\0') });
  return Buffer.concat(
    ((kvs ?? []) as { key: string; value?: string }[]).flatMap(({ key, value }) => [
      Buffer.from(key, 'base64'),
      Buffer.from(value ?? '', 'base64'),
    ]),
  );
}
