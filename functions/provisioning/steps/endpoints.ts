import { isDeepStrictEqual } from 'node:util';
import {
  connection,
  type Connection,
  type Identity,
  type PeerEndpoint,
} from '../../lib/fabric/connection.ts';
import { lifeSpent } from '../../lib/vault/identities.ts';
import { mspIdOf } from '../credentials.ts';
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
    if (known && isCurrent(known, target, pass.clients.now())) return done;
    const client = await pass.credentials.client(organization);
    await pass.clients.vault.write(path, { data: { connection: { ...client, ...target } } });
    return done;
  },
};

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
