/** A channel's first block: made once, kept in a ConfigMap and in Vault. */
import { Unavailable } from '../../lib/errors.ts';
import { type ConsenterSpec, channelGenesis, type GenesisSpec } from '../../lib/fabric/genesis.ts';
import type { KubernetesObject } from '../../lib/kubernetes/client.ts';
import type { Channel } from '../../lib/network.ts';
import { mspIdOf } from '../credentials.ts';
import type { Member } from '../members.ts';
import { readSecret } from '../identity-secret.ts';
import { decideKept } from '../kept.ts';
import type { Pass } from '../pass.ts';
import { genesisConfigMap, host, identitySecret, memberKeys, ports } from '../resources/names.ts';
import { type Group, groups, peerHosts } from '../resources/plan.ts';
import { genesisOf } from '../resources/shared.ts';
import { Refused } from '../fault.ts';

type Genesis = KubernetesObject & { binaryData?: { block?: string } };

const keptName = (channel: string): string => `genesis/${channel}`;

const refOf = ({ plan: { id } }: Pass, channel: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: id.namespace,
  name: genesisConfigMap(channel),
});

/** Both copies of a channel's first block, base64. */
async function copies(pass: Pass, channel: string) {
  const [found, kept] = await Promise.all([
    pass.own<Genesis>(refOf(pass, channel)),
    keptText(pass, channel),
  ]);
  const here = found?.binaryData?.block || undefined;
  return { found, here, kept };
}

async function keptText({ kept }: Pick<Pass, 'kept'>, channel: string) {
  return (await kept.read(keptName(channel)))?.['block'] as string | undefined;
}

/** A channel's first block as Vault has it, or undefined where it has none. */
export async function keptGenesis(
  pass: Pick<Pass, 'kept'>,
  channel: string,
): Promise<Buffer | undefined> {
  const block = await keptText(pass, channel);
  return block === undefined ? undefined : Buffer.from(block, 'base64');
}

/** The first block of a channel that exists, or undefined where none was made. */
export async function knownGenesis(pass: Pass, channel: string): Promise<Buffer | undefined> {
  const { here, kept } = await copies(pass, channel);
  const block = kept ?? here;
  return block === undefined ? undefined : Buffer.from(block, 'base64');
}

/**
 * The first block as it was made, or made now. It pins the orderers' certificates and is the
 * channel's identity: where members have joined by it, there is no second one.
 *
 * @param joined whether a member has
 * @throws Refused `GenesisLost` when the channel exists and neither copy of its block does
 */
export async function genesisBlock(pass: Pass, channel: Channel, joined: boolean): Promise<Buffer> {
  const { name } = channel;
  const ref = refOf(pass, name);
  pass.keep(ref);
  const { found, here, kept } = await copies(pass, name);
  const bytes = (block = ''): Buffer => Buffer.from(block, 'base64');
  switch (decideKept({ here, kept, pinned: joined })) {
    case 'keep':
      return bytes(here);
    case 'store':
      await pass.kept.write(keptName(name), { block: here }, { once: true });
      return bytes(here);
    case 'restore':
      // What is found does not hold the block, and is immutable: it has to go first.
      if (found) await pass.clients.kubernetes.remove(ref);
      await pass.create(genesisOf(pass.plan, name, bytes(kept)));
      return bytes(kept);
    case 'refuse':
      throw new Refused({ reason: 'GenesisLost', message: lostMessage(ref.name, name) });
    case 'mint': {
      const block = channelGenesis(await genesisSpec(pass, channel));
      await pass.kept.write(keptName(name), { block: block.toString('base64') }, { once: true });
      if (found) await pass.clients.kubernetes.remove(ref);
      await pass.create(genesisOf(pass.plan, name, block));
      return block;
    }
  }
}

function lostMessage(configMap: string, channel: string): string {
  return (
    `the first block of ${channel} is neither in the ConfigMap ${configMap} nor in Vault, and ` +
    `another would be another channel: restore Vault from its backup, or fetch block 0 from a ` +
    `peer and put it into the ConfigMap as binaryData.block`
  );
}

async function genesisSpec(pass: Pass, channel: Channel): Promise<GenesisSpec> {
  const { spec } = pass.plan;
  const ordering = groups(pass.plan).filter(({ tier }) => tier === 'orderer');
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
          // All of them: whichever are away, two organizations meet by those that are there.
          anchorPeers: peerHosts(pass.plan, name).map((peer) => ({ host: peer, port: ports.peer })),
          isOrderer: ordering.some(({ organization }) => organization === name),
          isApplication: channel.organizations.includes(name),
        };
      }),
    ),
  };
}

/** An orderer as its channels are told of it, by the identity that it has. */
export async function consenterOf(
  pass: Pass,
  { group, host: wanted }: Member,
): Promise<ConsenterSpec> {
  const found = (await consenters(pass, group)).find((one) => one.host === wanted);
  if (!found) throw new Error(`no orderer ${wanted}`);
  return { ...found, mspId: group.mspId };
}

async function consenters(
  pass: Pass,
  { organization, members }: Group,
): Promise<GenesisSpec['orderers'][number][]> {
  const { id } = pass.plan;
  const secret = await pass.clients.kubernetes.get({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace: id.namespace,
    name: identitySecret(organization, 'orderer'),
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
