import { Conflict, Unavailable, Unprocessable } from '../../lib/errors.ts';
import { channelGenesis, type GenesisSpec } from '../../lib/fabric/genesis.ts';
import type { KubernetesObject } from '../../lib/kubernetes/client.ts';
import type { Channel } from '../../lib/network.ts';
import { mspIdOf } from '../credentials.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { genesisConfigMap, host, identitySecret, memberKeys, ports } from '../resources/names.ts';
import { groups } from '../resources/plan.ts';
import { genesisOf } from '../resources/shared.ts';
import { readSecret } from './identities.ts';
import { type Step, unless } from './step.ts';

type Genesis = KubernetesObject & { binaryData?: { block?: string } };

/** Every channel's first block, made once, and the orderers joined by it. */
export const channels: Step = {
  name: 'channels',
  after: ['orderers'],
  async run(pass) {
    const pods = await listPods(pass.clients.kubernetes, pass.plan, 'orderer');
    const { up, down } = reachable(membersOf(pass.plan, 'orderer', pods));
    const missing = await Promise.all(
      pass.plan.spec.channels.map(async (channel) => {
        const block = await genesisBlock(pass, channel);
        return Promise.all(up.map((orderer) => join(pass, orderer, channel.name, block)));
      }),
    );
    return unless(
      down,
      missing.flat().filter((name) => name !== undefined),
    );
  },
};

/** The name of an orderer that did not answer; it is not alone, so the others go on. */
async function join(
  pass: Pass,
  { name, group, ip, host: hostname }: Reachable,
  channel: string,
  block: Buffer,
): Promise<string | undefined> {
  const [authorities, pair] = await Promise.all([
    pass.credentials.authorities(group.organization),
    pass.credentials.ordererAdmin(group.organization),
  ]);
  const orderer = pass.clients.fabric.connectParticipation({
    address: `${ip}:${ports.ordererAdmin}`,
    hostname,
    tlsRoot: authorities.tls,
    ...pair,
  });
  try {
    await orderer.join(channel, block);
    return undefined;
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    pass.clients.log.warn({ error, orderer: name, channel }, 'orderer cannot join yet');
    return name;
  }
}

/**
 * The first block as it was made, or made now. It pins the orderers' certificates and is the
 * channel's identity, so the first that is stored counts, whoever made it.
 */
export async function genesisBlock(pass: Pass, channel: Channel): Promise<Buffer> {
  const { kubernetes } = pass.clients;
  const { namespace } = pass.plan.id;
  const name = genesisConfigMap(pass.plan.id, channel.name);
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name };
  pass.keep(ref);
  const known = await pass.own<Genesis>(ref);
  if (known) return blockOf(known);
  const block = channelGenesis(await genesisSpec(pass, channel));
  try {
    await kubernetes.create(genesisOf(pass.plan, channel.name, block));
  } catch (error) {
    if (error instanceof Conflict) return genesisBlock(pass, channel);
    throw error;
  }
  return block;
}

/** Never made anew where there is one: members may have joined by other bytes. */
function blockOf({ metadata, binaryData }: Genesis): Buffer {
  const { block } = binaryData ?? {};
  if (!block) throw new Unprocessable(`the ConfigMap ${metadata.name} holds no block`);
  return Buffer.from(block, 'base64');
}

async function genesisSpec(pass: Pass, channel: Channel): Promise<GenesisSpec> {
  const { spec } = pass.plan;
  const ordering = groups(spec).filter(({ tier }) => tier === 'orderer');
  const names = spec.organizations
    .map(({ name }) => name)
    .filter(
      (name) =>
        channel.organizations.includes(name) ||
        ordering.some(({ organization }) => organization === name),
    );
  return {
    channel: channel.name,
    consensus: spec.consensus.type,
    orderers: (await Promise.all(ordering.map((group) => consenters(pass, group)))).flat(),
    organizations: await Promise.all(
      names.map(async (name) => {
        const { msp, tls } = await pass.credentials.authorities(name);
        return {
          name,
          mspId: mspIdOf(spec, name),
          rootCert: msp,
          tlsRootCert: tls,
          anchorPeers: [{ host: host(pass.plan.id, name, 'peer', 0), port: ports.peer }],
          isOrderer: ordering.some(({ organization }) => organization === name),
          isApplication: channel.organizations.includes(name),
        };
      }),
    ),
  };
}

async function consenters(
  pass: Pass,
  { organization, members }: ReturnType<typeof groups>[number],
): Promise<GenesisSpec['orderers'][number][]> {
  const { id } = pass.plan;
  const secret = await pass.clients.kubernetes.get({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: id.namespace,
    name: identitySecret(id, organization, 'orderer'),
  });
  const data = readSecret(secret);
  return Array.from({ length: members }, (_, ordinal) => {
    const keys = memberKeys(ordinal);
    const tls = data[keys.tlsCertificate];
    const identity = data[keys.mspCertificate];
    if (!tls || !identity)
      throw new Unavailable(`orderer ${ordinal} of ${organization} has no identity`);
    return {
      organization,
      host: host(id, organization, 'orderer', ordinal),
      port: ports.orderer,
      clientTlsCert: tls,
      serverTlsCert: tls,
      identity,
    };
  });
}
