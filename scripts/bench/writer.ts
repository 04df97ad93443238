/**
 * The identity that may write facts, and the peers it speaks to: those of `data-put`. Who administers the cluster
 * may have a token of its service account, which opens Vault; it is kept no longer than that takes.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connection, type Connection } from '../../functions/lib/fabric/connection.ts';
import { tiers, storageNamespace } from '../../functions/lib/tiers.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import type { TargetOptions } from '../cli/target.ts';
import { issueToken } from '../cli/token.ts';
import { withForward, type Forward } from '../lib/port-forward.ts';

const role = 'data-put';

/** Milliseconds for all of it. */
const patienceMs = 60_000;

export interface WriterOptions {
  target: TargetOptions;
  kubectlCommand: Forward['kubectlCommand'];
  /** PEM of the authority of the tiers. */
  authority: string;
  /** The network and the namespace it is declared in. */
  network: { name: string; namespace: string };
}

/** @throws Error when Vault does not answer, or has no connection of this network */
export async function readConnection(options: WriterOptions): Promise<Connection> {
  const { target, kubectlCommand, authority, network } = options;
  const { namespace, name } = network;
  const token = await issueToken(target, role, { audience: 'vault', seconds: 600, namespace });
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-bench-'));
  const [tokenFile, caFile] = [join(folder, 'token'), join(folder, 'ca.crt')];
  try {
    await writeFile(tokenFile, token, { mode: 0o600 });
    await writeFile(caFile, authority);
    const forward = {
      ...{ kubectlCommand, namespace: storageNamespace, target: `service/${tiers.vault.service}` },
      ...{ port: tiers.vault.port, signal: AbortSignal.timeout(patienceMs) },
    };
    const found = await withForward(forward, (port) => {
      // The name is in the certificate of every member.
      const addresses = [`https://localhost:${port}`];
      const vault = connectVault({ addresses, role, tokenFile, caFile });
      return vault.read(`selvedge/data/networks/${namespace}/${name}`);
    });
    const data = found?.['data'] as { connection?: unknown } | undefined;
    return connection.parse(data?.connection);
  } finally {
    await rm(folder, { recursive: true });
  }
}
