import { isDeepStrictEqual } from 'node:util';
import { consentersOf } from '../../lib/fabric/config-block.ts';
import { nodeOus } from '../../lib/fabric/node-ous.ts';
import {
  keyed,
  type MemberIdentity,
  readSecret,
  type Secret,
  unkeyed,
} from '../identity-secret.ts';
import { decideKept } from '../kept.ts';
import type { Pass } from '../pass.ts';
import { adminCaKey, host, identitySecret, memberName, sharedKeys } from '../resources/names.ts';
import { type Group, groups } from '../resources/plan.ts';
import { identitySecretOf } from '../resources/shared.ts';
import { knownGenesis } from './genesis.ts';
import { Refused } from '../fault.ts';
import { done, type Step } from './step.ts';

/** Authorities in Vault, and for each member an identity that is made once and kept. */
export const identities: Step = {
  name: 'identities',
  after: ['namespace'],
  async run(pass) {
    const consenters = once(() => pinnedHosts(pass));
    const lost = await Promise.all(
      groups(pass.plan).map((group) => keepIdentities(pass, group, consenters)),
    );
    const names = lost.flat();
    if (names.length === 0) return done;
    return { broken: { reason: 'IdentityLost', message: lostMessage(names) } };
  },
};

function lostMessage(names: readonly string[]): string {
  return (
    `the identity of ${names.join(', ')} is neither in its Secret nor in Vault. Channels know it ` +
    `by that one, so none is made anew: restore the Secret, or Vault from its backup; without ` +
    `either, replace the orderer by an update of its channels`
  );
}

/** Brings a group's Secret up to date; the names of members whose identity is lost. */
async function keepIdentities(
  pass: Pass,
  group: Group,
  consenters: () => Promise<(host: string) => boolean>,
): Promise<string[]> {
  const { namespace } = pass.plan.id;
  const name = identitySecret(group.organization, group.tier);
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name };
  const authorities = await pass.credentials.authorities(group.organization);
  const known = readSecret(await pass.own<Secret>(ref));
  const shared: Record<string, string> = {
    [sharedKeys.mspCa]: authorities.msp,
    [sharedKeys.tlsCa]: authorities.tls,
    [sharedKeys.ous]: nodeOus,
    ...(group.tier === 'orderer' && { [adminCaKey]: authorities.admin }),
  };
  refuseOtherAuthorities(group, known, shared);
  const ordinals = Array.from({ length: group.members }, (_, ordinal) => ordinal);
  const members = await Promise.all(
    ordinals.map((ordinal) => memberIdentity(pass, group, ordinal, known, consenters)),
  );
  pass.keep(ref);
  const found = members.map((member, ordinal) => (member ? keyed(member, ordinal) : {}));
  const wanted = {
    ...known,
    ...shared,
    ...(Object.assign({}, ...found) as Record<string, string>),
  };
  if (!isDeepStrictEqual(wanted, known)) {
    await pass.apply([identitySecretOf(pass.plan, group, wanted)]);
  }
  return ordinals
    .filter((ordinal) => !members[ordinal])
    .map((ordinal) => memberName(group.organization, group.tier, ordinal));
}

/**
 * Authorities that are not those of the members there are: Vault has lost the first.
 *
 * @throws Refused `AuthorityLost`
 */
function refuseOtherAuthorities(
  { organization }: Group,
  known: Record<string, string>,
  shared: Record<string, string>,
): void {
  const isOther = [sharedKeys.mspCa, sharedKeys.tlsCa].some(
    (key) => known[key] !== undefined && known[key] !== shared[key],
  );
  if (!isOther) return;
  const message =
    `the certificate authorities of ${organization} in Vault are not those that its members ` +
    `have: restore Vault from its backup`;
  throw new Refused({ reason: 'AuthorityLost', message });
}

/** A member's identity as it is, was kept, or is made now; undefined when it is lost. */
async function memberIdentity(
  pass: Pass,
  group: Group,
  ordinal: number,
  known: Record<string, string>,
  consenters: () => Promise<(host: string) => boolean>,
): Promise<MemberIdentity | undefined> {
  const { id } = pass.plan;
  const { organization, tier } = group;
  const at = `identities/${memberName(organization, tier, ordinal)}`;
  const here = unkeyed(known, ordinal);
  const kept = (await pass.kept.read(at)) as MemberIdentity | undefined;
  const isPinned = async (): Promise<boolean> =>
    tier === 'orderer' && (await consenters())(host(id, organization, tier, ordinal));
  switch (decideKept({ here, kept, pinned: !here && !kept && (await isPinned()) })) {
    case 'keep':
      return here;
    case 'restore':
      return kept;
    case 'store':
      await pass.kept.write(at, { ...here }, { once: true });
      return here;
    case 'mint': {
      const made = await mint(pass, group, ordinal);
      await pass.kept.write(at, { ...made }, { once: true });
      return made;
    }
    case 'refuse':
      return undefined;
  }
}

async function mint(pass: Pass, group: Group, ordinal: number): Promise<MemberIdentity> {
  const { msp, tls } = await pass.credentials.member(group, ordinal);
  return {
    mspCertificate: msp.certificate,
    mspKey: msp.privateKey,
    tlsCertificate: tls.certificate,
    tlsKey: tls.privateKey,
  };
}

/**
 * Which orderers' identities channels pin. Where no first block is known any more of a network
 * that has been ready, all are.
 */
async function pinnedHosts(pass: Pass): Promise<(host: string) => boolean> {
  const blocks = await Promise.all(
    pass.plan.spec.channels.map(({ name }) => knownGenesis(pass, name)),
  );
  const known = blocks.filter((block) => block !== undefined);
  if (known.length === 0) {
    const wasReady = pass.network.status?.timings?.['total'] !== undefined;
    return () => wasReady;
  }
  const hosts = new Set(known.flatMap(consentersOf).map((consenter) => consenter.host));
  return (name) => hosts.has(name);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
