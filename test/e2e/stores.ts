/**
 * MinIO and etcd as an auditor would read them: with `curl` and `etcdctl`, sharing no code and no
 * library with the functions.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostOf, storageNamespace } from '../../functions/lib/tiers.ts';
import { buildComponent } from '../../scripts/cluster/components/build.ts';
import { nodes } from '../../scripts/cluster/settings.ts';
import { command, namespace, pods, secret } from './cluster.ts';

const bucket = 'selvedge';

interface Store {
  ip: string;
  /** Runs a program on the store's own node: policies refuse everybody else. */
  beside(program: string, args: string[], input?: Buffer): Promise<Buffer>;
}

async function storeOf(tier: string): Promise<Store> {
  const [pod] = await pods(`selvedge.dev/tier=${tier}`, storageNamespace);
  const node = nodes.find(({ name }) => name === pod?.spec.nodeName);
  const ip = pod?.status?.podIP;
  if (!node || ip === undefined) throw new Error(`no pod of ${tier} has an address`);
  const enter = [`--net=/run/netns/${node.namespace}`, '--'];
  return {
    ip,
    beside: (program, args, input) => command('nsenter', [...enter, program, ...args], input),
  };
}

/** Calls `use` with the PEM files of a Secret in a folder that is gone afterwards. */
async function withFiles<T>(
  name: string,
  use: (folder: string) => Promise<T>,
  where = storageNamespace,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-e2e-'));
  try {
    for (const [file, content] of Object.entries(await secret(name, where))) {
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
  const { ip, beside } = await storeOf('minio');
  return withFiles('minio-tls', (folder) =>
    beside('curl', [
      ...['--silent', '--show-error', '--fail', '--cacert', join(folder, 'ca.crt')],
      ...['--connect-to', `${hostOf('minio')}:9000:${ip}:9000`],
      ...['--aws-sigv4', 'aws:amz:us-east-1:s3'],
      ...['--user', [credentials['access-key'], credentials['secret-key']].join(':')],
      ...more,
      `https://${hostOf('minio')}:9000/${path}`,
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

/** One call of etcdctl, as the user that may do everything unless told. */
export async function etcdctl(
  args: string[],
  input?: Buffer,
  user: 'root' | 'data-get' = 'root',
): Promise<Buffer> {
  const program = join(await buildComponent('etcd'), 'etcdctl');
  const { ip, beside } = await storeOf('etcd');
  const call = (folder: string): Promise<Buffer> =>
    beside(
      program,
      [
        // The members' certificates name them by DNS, and we come by address.
        ...['--endpoints', `https://${ip}:2379`, '--insecure-skip-tls-verify'],
        ...['--cert', join(folder, 'tls.crt'), '--key', join(folder, 'tls.key')],
        ...args,
      ],
      input,
    );
  const where = user === 'root' ? storageNamespace : namespace;
  return withFiles(`etcd-client-${user}`, call, where);
}

async function etcdRange(...args: string[]): Promise<{ key: Buffer; value: Buffer }[]> {
  const answer = await etcdctl(['get', '--write-out', 'json', ...args]);
  const { kvs = [] } = JSON.parse(answer.toString()) as { kvs?: { key: string; value?: string }[] };
  return kvs.map(({ key, value = '' }) => ({
    key: Buffer.from(key, 'base64'),
    value: Buffer.from(value, 'base64'),
  }));
}

/** The bytes at a storage index `etcd://key`. */
export async function readRecord(index: string): Promise<Buffer> {
  const [found] = await etcdRange(index.replace('etcd://', ''));
  if (!found) throw new Error(`etcd has nothing at ${index}`);
  return found.value;
}

/** Puts other bytes in the place of a record. */
export async function replaceRecord(index: string, bytes: Buffer): Promise<void> {
  await etcdctl(['put', index.replace('etcd://', '')], bytes);
}

/** Everything in etcd, keys and values, as one buffer. */
export async function dumpEtcd(): Promise<Buffer> {
  const all = await etcdRange('--prefix', '');
  return Buffer.concat(all.flatMap(({ key, value }) => [key, value]));
}
