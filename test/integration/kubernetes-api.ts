import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { clusterIssuer } from '../../functions/lib/function/authentication.ts';
import { buildComponent } from '../../scripts/cluster/components/build.ts';
import { createServerProcess, type Server } from './fabric/processes.ts';
import { freePorts } from './servers.ts';

const run = promisify(execFile);
const adminToken = 'admin-of-a-test';

/** A real Kubernetes API server, over a real etcd, on loopback: no nodes, no controllers. */
export interface KubernetesApi {
  url: string;
  caFile: string;
  folder: string;
  /** As an administrator; throws what kubectl wrote to its standard error. */
  kubectl(args: string[], input?: string): Promise<string>;
  /** A service account's token, as `kubectl create token` gives it. */
  token(namespace: string, account: string, audience?: string): Promise<string>;
  /** A kubeconfig of that token. */
  kubeconfig(token: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startKubernetesApi(): Promise<KubernetesApi> {
  const [etcdFolder, kubernetes] = await Promise.all([
    buildComponent('etcd'),
    buildComponent('kubernetes'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-api-'));
  const path = (name: string): string => join(folder, name);
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const url = `https://127.0.0.1:${port}`;
  await writeKeys(path('sa.pub'), path('sa.key'));
  await writeFile(path('tokens.csv'), `${adminToken},admin,admin,system:masters\n`);

  const etcd = createServerProcess({
    binary: join(etcdFolder, 'etcd'),
    args: flags({
      'data-dir': path('etcd'),
      'listen-client-urls': `http://127.0.0.1:${etcdPort}`,
      'advertise-client-urls': `http://127.0.0.1:${etcdPort}`,
      'listen-peer-urls': `http://127.0.0.1:${peerPort}`,
      'unsafe-no-fsync': 'true',
      'log-level': 'warn',
    }),
    env: {},
    log: path('etcd.log'),
    healthz: `http://127.0.0.1:${etcdPort}/health`,
  });
  await etcd.start();
  const server = spawn(
    join(kubernetes, 'kube-apiserver'),
    flags({
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'secure-port': String(port),
      'cert-dir': folder,
      'etcd-servers': `http://127.0.0.1:${etcdPort}`,
      'service-cluster-ip-range': '10.0.0.0/24',
      'authorization-mode': 'RBAC',
      'token-auth-file': path('tokens.csv'),
      'service-account-issuer': clusterIssuer,
      'service-account-jwks-uri': `${url}/openid/v1/jwks`,
      'service-account-key-file': path('sa.pub'),
      'service-account-signing-key-file': path('sa.key'),
      profiling: 'false',
    }),
    { stdio: 'ignore' },
  );
  const caFile = path('apiserver.crt');
  const kubeconfig = async (token: string): Promise<string> => {
    const file = path(`kubeconfig-${Buffer.from(token).toString('base64url').slice(-16)}`);
    await writeFile(file, stringify(configOf(url, caFile, token)), { mode: 0o600 });
    return file;
  };
  const admin = await kubeconfig(adminToken);
  const kubectl = async (args: string[], input = ''): Promise<string> => {
    const call = run(join(kubernetes, 'kubectl'), ['--kubeconfig', admin, ...args]);
    call.child.stdin?.end(input);
    return (await call).stdout;
  };
  await ready(server, () => kubectl(['get', '--raw', '/readyz']));

  return {
    ...{ url, caFile, folder, kubectl, kubeconfig },
    async token(namespace, account, audience) {
      const audiences = audience === undefined ? [] : ['--audience', audience];
      return (await kubectl(['create', 'token', account, '-n', namespace, ...audiences])).trim();
    },
    stop: () => stop(server, etcd, folder),
  };
}

async function stop(server: ChildProcess, etcd: Server, folder: string): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }
  await etcd.kill();
  await rm(folder, { recursive: true, force: true });
}

async function ready(server: ChildProcess, probe: () => Promise<string>): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (server.exitCode !== null) throw new Error('kube-apiserver ended');
    try {
      if ((await probe()) === 'ok') return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

function configOf(server: string, caFile: string, token: string) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
}

async function writeKeys(publicFile: string, privateFile: string): Promise<void> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(publicFile, publicKey.export({ type: 'spki', format: 'pem' }));
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(privateFile, pem, { mode: 0o600 });
}

function flags(values: Record<string, string>): string[] {
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

/** The text of a manifest of ours, by its path from the top of the repository. */
export function manifest(path: string): Promise<string> {
  return readFile(join(import.meta.dirname, '../..', path), 'utf8');
}
