import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectMember, type VaultMember } from '../../functions/lib/vault/members.ts';
import { buildComponent } from '../../scripts/cluster/components/build.ts';
import { issue, makeAuthority } from '../../scripts/lib/x509.ts';
import { freePorts, startServer, type ServerProcess } from './servers.ts';

/** Real members of one Vault, with integrated storage and TLS, on loopback. */
export interface VaultCluster {
  ca: string;
  caFile: string;
  members: VaultMember[];
  /** Ends a member and starts it again: it comes back sealed. */
  restart(index: number): Promise<void>;
  /** As `restart`, with nothing on its disk. */
  lose(index: number): Promise<void>;
  /** The processes of the members. */
  process(index: number): ServerProcess;
  stop(): Promise<void>;
}

/** Which of the members acts as the leader; -1 where none does. */
export async function leaderOf({ members }: Pick<VaultCluster, 'members'>): Promise<number> {
  const since = await Promise.all(
    // One that is sealed leads nobody.
    members.map((member) => member.leadsSince().catch(() => undefined)),
  );
  return since.findIndex((one) => one !== undefined);
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

  const start = async (index: number): Promise<ServerProcess> => {
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
      VAULT_API_ADDR: addresses[index] ?? '',
      VAULT_CLUSTER_ADDR: `https://127.0.0.1:${clusterPort}`,
    };
    return startServer(binary, ['server', `-config=${data}/config.hcl`], {
      env,
      logFile: join(data, 'vault.log'),
    });
  };

  const again = async (index: number, between?: () => Promise<void>): Promise<void> => {
    await processes[index]?.kill();
    await between?.();
    processes[index] = await start(index);
  };
  const processes = await Promise.all(addresses.map((_, index) => start(index)));
  return {
    ca: authority.certificate,
    caFile,
    members: addresses.map((address) => connectMember({ address, ca: authority.certificate })),
    restart: (index) => again(index),
    lose: (index) => again(index, () => rm(join(folder, String(index)), { recursive: true })),
    process: (index) => {
      const found = processes[index];
      if (!found) throw new Error(`there is no member ${index}`);
      return found;
    },
    stop: async () => {
      await Promise.all(processes.map((member) => member.kill()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
