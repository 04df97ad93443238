/** What an application of a network starts with: who it is there, and where its peers are. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ConnectionProfile, IssuedIdentity } from '../../functions/lib/applications.ts';
import { nodeOus } from '../../functions/lib/fabric/node-ous.ts';
import { makeRequest } from '../lib/x509.ts';
import { asking, type GatewayOptions } from './client.ts';

/** An organization of a network, and who asks for it at which gateway. */
export interface Organization {
  gateway: string;
  /** A bearer token of the user whose name the identity is to bear. */
  token: string;
  network: string;
  organization: string;
}

/**
 * Where the organization's peers are: within the cluster.
 *
 * @throws GatewayError when the answer is not a success
 */
export async function connectionOf(
  { gateway, token, ...of }: Organization,
  options: GatewayOptions = {},
): Promise<ConnectionProfile> {
  const answer = await asking(gateway, token, options)(`${pathOf(of)}/connection`);
  return (await answer.json()) as ConnectionProfile;
}

/**
 * Makes a key, has it certified, and writes both with what belongs to them into a folder, as Fabric's tools and
 * SDKs look for them: `msp` and `connection.json`. What was there of an earlier time is replaced.
 *
 * @throws GatewayError when the answer is not a success
 */
export async function issueIdentity(
  of: Organization,
  folder: string,
  options: GatewayOptions = {},
): Promise<IssuedIdentity> {
  const connection = await connectionOf(of, options);
  const { request, key } = await makeRequest();
  const answer = await asking(
    of.gateway,
    of.token,
    options,
  )(`${pathOf(of)}/identities`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ csr: request }),
  });
  const issued = (await answer.json()) as IssuedIdentity;
  const beside = join(folder, '.new');
  await rm(beside, { recursive: true, force: true });
  for (const [path, content] of Object.entries(filesOf(issued, key, connection))) {
    await write(join(beside, path), content);
  }
  await replace(beside, folder);
  return issued;
}

/** An MSP folder as Fabric has it, and the connection profile beside it, by their paths. */
export function filesOf(
  { certificate, ca }: IssuedIdentity,
  key: string,
  connection: ConnectionProfile,
): Record<string, string> {
  const tlsRoots = Object.values(connection.peers).map(({ tlsCACerts }) => tlsCACerts.pem);
  return {
    'msp/keystore/key.pem': key,
    'msp/signcerts/cert.pem': certificate,
    'msp/cacerts/ca.pem': ca,
    'msp/tlscacerts/tls-ca.pem': [...new Set(tlsRoots)].join(''),
    'msp/config.yaml': nodeOus,
    'connection.json': `${JSON.stringify(connection, null, 2)}\n`,
  };
}

/** For its owner only where it is a key. */
async function write(path: string, content: string): Promise<void> {
  const isKey = dirname(path).endsWith('keystore');
  await mkdir(dirname(path), { recursive: true, mode: isKey ? 0o700 : 0o755 });
  await writeFile(path, content, { mode: isKey ? 0o600 : 0o644 });
}

/** The MSP folder changes as a whole: a program that starts meanwhile never has the one's key and the other's certificate. */
async function replace(beside: string, folder: string): Promise<void> {
  const [msp, former] = [join(folder, 'msp'), join(beside, 'former')];
  await rename(msp, former).catch(ifThere);
  await rename(join(beside, 'msp'), msp);
  await rename(join(beside, 'connection.json'), join(folder, 'connection.json'));
  await rm(beside, { recursive: true });
}

function ifThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function pathOf({ network, organization }: Pick<Organization, 'network' | 'organization'>): string {
  const [of, named] = [network, organization].map(encodeURIComponent);
  return `/v1/networks/${of}/organizations/${named}`;
}
