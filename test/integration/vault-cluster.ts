import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectMember, type VaultMember } from '../../functions/lib/vault/members.ts';
import { buildComponent } from '../../scripts/cluster/components/build.ts';
import { issue, makeAuthority } from '../../scripts/lib/x509.ts';

/** Real members of one Vault, with integrated storage and TLS, on loopback. */
export interface VaultCluster {
  ca: string;
  caFile: string;
  members: VaultMember[];
  /** Ends a member and starts it again: it comes back sealed. */
  restart(index: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startVaultCluster(size: number): Promise<VaultCluster> {
  const binary = join(await buildComponent('vault'), 'vault');
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-vault-'));
  const authority = await makeAuthority('test');
  const { certificate, key } = await issue(authority, { name: 'vault', hosts: ['127.0.0.1'] });
  const caFile = join(folder, 'ca.crt');
  await writeFile(caFile, authority.certificate);
  await writeFile(join(folder, 'tls.crt'), certificate);
  await writeFile(join(folder, 'tls.key'), key, { mode: 0o600 });
  const ports = await freePorts(size * 2);
  const addresses = ports.slice(0, size).map((port) => `https://127.0.0.1:${port}`);

  const start = async (index: number): Promise<ChildProcess> => {
    const data = join(folder, String(index));
    await mkdir(data, { recursive: true });
    const clusterPort = ports[size + index];
    const config = `
disable_mlock = true
listener "tcp" {
  address = "127.0.0.1:${ports[index]}"
  cluster_address = "127.0.0.1:${clusterPort}"
  tls_cert_file = "${folder}/tls.crt"
  tls_key_file = "${folder}/tls.key"
}
storage "raft" {
  path = "${data}"
  performance_multiplier = 2
  ${addresses
    .map(
      (address) =>
        `retry_join { leader_api_addr = "${address}" leader_ca_cert_file = "${caFile}" }`,
    )
    .join('\n  ')
    .replaceAll('" leader', '"\n    leader')
    .replaceAll('{ leader', '{\n    leader')
    .replaceAll('" }', '"\n  }')}
}
`;
    await writeFile(join(data, 'config.hcl'), config);
    const env = {
      PATH: '/usr/bin',
      HOME: folder,
      VAULT_RAFT_NODE_ID: `vault-${index}`,
      VAULT_API_ADDR: addresses[index],
      VAULT_CLUSTER_ADDR: `https://127.0.0.1:${clusterPort}`,
    };
    return spawn(binary, ['server', `-config=${data}/config.hcl`], { env, stdio: 'ignore' });
  };
  const end = async (child: ChildProcess | undefined): Promise<void> => {
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  const processes = await Promise.all(addresses.map((_, index) => start(index)));
  return {
    ca: authority.certificate,
    caFile,
    members: addresses.map((address) => connectMember({ address, ca: authority.certificate })),
    restart: async (index) => {
      await end(processes[index]);
      processes[index] = await start(index);
    },
    stop: async () => {
      await Promise.all(processes.map(end));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
