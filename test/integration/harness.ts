/** Real etcd, MinIO and Vault on loopback, with TLS, for one test file. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { connectEtcd, type EtcdOptions } from '../../functions/lib/data/etcd.ts';
import { memberUser } from '../../functions/lib/data/etcd-users.ts';
import type { ObjectsOptions } from '../../functions/lib/data/objects.ts';
import { until } from '../../functions/lib/until.ts';
import type { VaultOptions } from '../../functions/lib/vault/client.ts';
import type { UnsealKeys } from '../../functions/lib/vault/members.ts';
import { createS3, type S3 } from '../../functions/lib/data/s3.ts';
import { issue, makeAuthority } from '../../scripts/lib/x509.ts';
import { buildComponent } from '../../scripts/cluster/components/build.ts';
import { setUpStore } from '../../functions/setup/store.ts';
import type { DataUser } from '../../functions/lib/tiers.ts';
import { configureVault } from '../../functions/setup/configure.ts';
import { vaultUsers, type VaultUser } from '../../functions/setup/policies.ts';
import { authorized } from '../../functions/setup/vault.ts';
import { freePorts, startServer, type ServerProcess } from './servers.ts';
import { startVaultCluster, type VaultCluster } from './vault-cluster.ts';

/** What ends when a test file ends, in the reverse of its making. */
type End = () => Promise<void>;

/** A folder with an authority and one certificate for loopback, good for server and client. */
interface Certificates {
  folder: string;
  ca: string;
  /** Makes a folder with a client certificate that names `user`. */
  client: (user: string) => Promise<string>;
}

async function makeCertificates(ends: End[], name = 'test'): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-stores-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  const authority = await makeAuthority('test');
  const { certificate, key } = await issue(authority, { name, hosts: ['127.0.0.1'] });
  const files = { 'ca.crt': authority.certificate, 'tls.crt': certificate, 'tls.key': key };
  // MinIO has names of its own for the same files.
  const minio = { 'certs/public.crt': certificate, 'certs/private.key': key };
  await mkdir(join(folder, 'certs'));
  for (const [name, content] of Object.entries({ ...files, ...minio })) {
    await writeFile(join(folder, name), content, { mode: 0o600 });
  }
  const client = async (user: string): Promise<string> => {
    const own = join(folder, `client-${user}`);
    await mkdir(own, { recursive: true });
    const pair = await issue(authority, { name: user, hosts: [] });
    await writeFile(join(own, 'ca.crt'), authority.certificate);
    await writeFile(join(own, 'tls.crt'), pair.certificate);
    await writeFile(join(own, 'tls.key'), pair.key, { mode: 0o600 });
    return own;
  };
  return { folder, ca: authority.certificate, client };
}

export interface EtcdServer {
  options: EtcdOptions;
  /** How a user of etcd connects: by a certificate that names it. */
  as: (user: string) => Promise<EtcdOptions>;
  /** Its members, in the order of `options.endpoints`. */
  members: ServerProcess[];
  /** Ends a member at once and starts it again; with `lost` there is nothing on its disk any more. */
  restart: (index: number, disk: 'kept' | 'lost') => Promise<void>;
  stop: End;
}

interface EtcdStart {
  /** Bytes after which it is out of space. */
  quota?: number;
  members?: number;
  /** Whether each member has its keeper, as in the cluster. */
  kept?: boolean;
}

/** Callers need a client certificate. */
export async function startEtcd({ quota, members = 1, kept }: EtcdStart = {}): Promise<EtcdServer> {
  const ends: End[] = [];
  const { folder, client: clientOf } = await makeCertificates(ends, memberUser);
  const program = join(await buildComponent('etcd'), 'etcd');
  const ports = await freePorts(2 * members);
  const endpoints = ports.slice(members).map((port) => `https://127.0.0.1:${port}`);
  const peers = ports.slice(0, members).map((port) => `https://127.0.0.1:${port}`);
  const start = (n: number): ServerProcess => {
    const client = endpoints[n] ?? '';
    const args = [
      ...(kept ? ['keep'] : []),
      `--name=etcd-${n}`,
      `--data-dir=${folder}/etcd-${n}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peers[n]}`,
      `--initial-advertise-peer-urls=${peers[n]}`,
      `--initial-cluster=${peers.map((peer, of) => `etcd-${of}=${peer}`).join(',')}`,
      `--cert-file=${folder}/tls.crt`,
      `--key-file=${folder}/tls.key`,
      `--trusted-ca-file=${folder}/ca.crt`,
      '--client-cert-auth',
      `--peer-cert-file=${folder}/tls.crt`,
      `--peer-key-file=${folder}/tls.key`,
      `--peer-trusted-ca-file=${folder}/ca.crt`,
      '--peer-client-cert-auth',
      '--unsafe-no-fsync',
      ...(quota === undefined ? [] : [`--quota-backend-bytes=${quota}`]),
    ];
    return startServer(program, args, { env: {}, logFile: `${folder}/etcd-${n}.log` });
  };
  const servers = endpoints.map((_, n) => start(n));
  const restart: EtcdServer['restart'] = async (n, disk) => {
    await servers[n]?.kill();
    if (disk === 'lost') await rm(`${folder}/etcd-${n}`, { recursive: true });
    servers[n] = start(n);
  };
  ends.push(async () => {
    await Promise.all(servers.map((server) => server.kill()));
  });
  const options = { endpoints, tlsDir: folder };
  await until({ what: 'etcd to answer', timeoutMs: 30_000 }, async () => {
    const probe = connectEtcd({ ...options, timeoutMs: 1_000 });
    await probe.get('ready').finally(() => probe.close());
    return true;
  });
  const as = async (user: string): Promise<EtcdOptions> => ({
    endpoints,
    tlsDir: await clientOf(user),
  });
  return { options, as, members: servers, restart, stop: () => unwind(ends) };
}

export interface MinioServer {
  options: Required<Pick<ObjectsOptions, 'caFile'>> & ObjectsOptions;
  /** How a function opens it. */
  as: (user: DataUser) => MinioServer['options'];
  /** The store as any other S3 client sees it: as a function, or with all rights. */
  client: (user?: DataUser) => S3;
  /** Does what the setup does, once more. */
  setUp: End;
  kill: End;
  stop: End;
}

export async function startMinio(): Promise<MinioServer> {
  const ends: End[] = [];
  const { folder, ca } = await makeCertificates(ends);
  const program = join(await buildComponent('minio'), 'minio');
  const [port] = await freePorts(1);
  const credentials = { accessKey: 'test-access', secretKey: 'test-secret-key' };
  const server: ServerProcess = startServer(
    program,
    ['server', `--certs-dir=${folder}/certs`, `--address=127.0.0.1:${port}`, `${folder}/minio`],
    {
      env: {
        HOME: folder,
        MINIO_CI_CD: 'on',
        MINIO_BROWSER: 'off',
        MINIO_UPDATE: 'off',
        MINIO_ROOT_USER: credentials.accessKey,
        MINIO_ROOT_PASSWORD: credentials.secretKey,
      },
      logFile: `${folder}/minio.log`,
    },
  );
  ends.push(() => server.kill());
  const [endpoint, bucket] = [`https://127.0.0.1:${port}`, 'selvedge'];
  const users = { 'data-put': 'secret-of-data-put', 'data-get': 'secret-of-data-get' };
  const setUp = (): Promise<void> =>
    setUpStore({ endpoint, bucket, ...credentials, users, ca: Buffer.from(ca) });
  await setUp();
  const options = { endpoints: [endpoint], bucket, ...credentials, caFile: `${folder}/ca.crt` };
  const as = (user: DataUser) => ({ ...options, accessKey: user, secretKey: users[user] });
  const client = (user?: DataUser) =>
    createS3({ ...(user ? as(user) : options), endpoint, ca: Buffer.from(ca) });
  return { options, as, client, setUp, kill: () => server.kill(), stop: () => unwind(ends) };
}

export interface VaultServer {
  /** How a function logs in: as its service account, with its own role and policy. */
  as: (role: VaultUser) => VaultOptions;
  /** Seals it; `unseal` undoes that. */
  seal: End;
  unseal: End;
  /** A call with the root token. */
  root: ReturnType<typeof authorized>;
  cluster: VaultCluster;
  keys: UnsealKeys;
  stop: End;
}

/** A Vault as the setup job leaves it. */
export async function startVault(namespace = 'selvedge', size = 1): Promise<VaultServer> {
  const ends: End[] = [];
  const { folder } = await makeCertificates(ends);
  const cluster = await startVaultCluster(size);
  ends.push(() => cluster.stop());
  const [member] = cluster.members;
  if (!member) throw new Error('the Vault has no member');
  await until({ what: 'Vault to answer', timeoutMs: 30_000 }, async () => {
    await member.status();
    return true;
  });
  const { rootToken, ...keys } = await member.initialize(1, 1);
  await member.unseal(keys);
  const root = authorized(member, rootToken);
  await until({ what: 'Vault to be active', timeoutMs: 30_000 }, () => root('GET', 'sys/mounts'));
  for (const other of cluster.members.slice(1)) {
    await until({ what: 'a member to join and be unsealed', timeoutMs: 60_000 }, async () => {
      return !(await other.status()).sealed || !(await other.unseal(keys)).sealed;
    });
  }
  // A member that joined has no vote for its first ten seconds.
  await until({ what: 'all members to have a vote', timeoutMs: 60_000 }, async () => {
    const { data } = await root('GET', 'sys/storage/raft/configuration');
    const { config } = data as { config: { servers: { voter: boolean }[] } };
    return config.servers.filter(({ voter }) => voter).length === size;
  });
  const issuer = await startKeySet();
  ends.push(issuer.stop);
  await configureVault(root, { name: issuer.name, jwksUrl: issuer.url, jwksCa: '' }, namespace);
  for (const role of vaultUsers) {
    const token = await issuer.sign(`system:serviceaccount:${namespace}:${role}`);
    await writeFile(join(folder, role), token, { mode: 0o600 });
  }
  return {
    as: (role) => ({
      addresses: cluster.members.map(({ address }) => address),
      role,
      tokenFile: join(folder, role),
      caFile: cluster.caFile,
    }),
    seal: async () => {
      await root('PUT', 'sys/seal', {});
    },
    unseal: async () => {
      await member.unseal(keys);
      await until({ what: 'Vault to be active', timeoutMs: 30_000 }, () =>
        root('GET', 'sys/mounts'),
      );
    },
    root,
    cluster,
    keys,
    stop: () => unwind(ends),
  };
}

/** What the cluster's issuer is to Vault: keys at an address, and tokens signed with them. */
async function startKeySet() {
  const name = 'https://issuer.test';
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const key = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' };
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: [key] })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sign: (subject: string) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .setIssuer(name)
        .setAudience('vault')
        .setSubject(subject)
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

async function unwind(ends: End[]): Promise<void> {
  for (const end of ends.reverse()) await end();
}
