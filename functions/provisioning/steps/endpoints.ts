import { isDeepStrictEqual } from 'node:util';
import {
  connection,
  type Connection,
  type Identity,
  type PeerEndpoint,
} from '../../lib/fabric/connection.ts';
import { lifeSpent } from '../../lib/vault/identities.ts';
import { createNameKeys } from '../../lib/vault/name-keys.ts';
import { mspIdOf } from '../credentials.ts';
import { Refused } from '../fault.ts';
import type { Pass } from '../pass.ts';
import { connectionPath, ports } from '../resources/names.ts';
import { peerHosts } from '../resources/plan.ts';
import { done, type Step } from './step.ts';

/** A client identity is renewed when this share of its life is over. */
const renewAt = 2 / 3;

/** Where the data functions find the network and who they are there: in Vault. */
export const endpoints: Step = {
  name: 'endpoints',
  after: ['anchor'],
  async run(pass) {
    const wanted = pass.plan.spec.data;
    const channel = pass.plan.spec.channels.find(({ name }) => name === wanted?.channel);
    const anchor = channel?.chaincodes.find(({ builtin }) => builtin === 'anchor');
    const [organization] = channel?.organizations ?? [];
    if (!channel || !anchor || !organization) return done;
    const peers = await peersOf(pass, channel.organizations);
    const incarnation = pass.plan.id.uid;
    const target = { incarnation, channel: channel.name, chaincode: anchor.name, peers };
    const path = connectionPath(pass.plan.id);
    const known = readConnection(await pass.clients.vault.read(path));
    await keepNameKey(pass, known);
    if (known && isCurrent(known, target, pass.clients.now())) return done;
    const writer = await pass.credentials.writer(organization);
    await pass.clients.vault.write(path, { data: { connection: { ...writer, ...target } } });
    return done;
  },
};

/**
 * Makes the key that names the network's data, before anybody can put any.
 *
 * @throws Refused `NameKeyLost` when there was one: data that are named by it would not be found by another
 */
async function keepNameKey({ clients, plan }: Pass, known: Connection | undefined): Promise<void> {
  const { uid } = plan.id;
  const nameKeys = createNameKeys(clients.vault);
  if (await nameKeys.has(uid)) return;
  if (known?.incarnation === uid) {
    const message =
      'Vault has lost the key that the data of the network are named by, and another would find ' +
      'none of them: restore Vault from its backup';
    throw new Refused({ reason: 'NameKeyLost', message });
  }
  await nameKeys.make(uid);
}

/** All peers of the channel; the client's own organization first. */
async function peersOf(pass: Pass, organizations: readonly string[]): Promise<PeerEndpoint[]> {
  const found = organizations.map(async (organization) => {
    const { tls } = await pass.credentials.authorities(organization);
    const mspId = mspIdOf(pass.plan.spec, organization);
    return peerHosts(pass.plan, organization).map((hostname): PeerEndpoint => {
      const address = `${hostname}:${ports.peer}`;
      return { address, hostname, mspId, tlsRoot: tls };
    });
  });
  return (await Promise.all(found)).flat();
}

/** What is stored, where it has the shape it should; undefined makes it anew. */
function readConnection(answer: Record<string, unknown> | undefined): Connection | undefined {
  const { data } = (answer ?? {}) as { data?: { connection?: unknown } };
  return connection.safeParse(data?.connection).data;
}

function isCurrent(
  known: Connection,
  target: Omit<Connection, keyof Identity>,
  now: Date,
): boolean {
  const { incarnation, channel, chaincode, peers } = known;
  return (
    lifeSpent(known.certificate, now) < renewAt &&
    isDeepStrictEqual({ incarnation, channel, chaincode, peers }, target)
  );
}
