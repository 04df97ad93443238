import type { Group } from '../resources/plan.ts';
import { groups } from '../resources/plan.ts';
import type { KubernetesObject } from '../../lib/kubernetes/client.ts';
import type { Pass } from '../pass.ts';
import { adminCaKey, identitySecret, memberKeys, sharedKeys } from '../resources/names.ts';
import { identitySecretOf } from '../resources/shared.ts';
import { done, type Step } from './step.ts';

type Secret = KubernetesObject & { data?: Record<string, string> };

/** Authorities in Vault, and for each member an identity that is made once and kept. */
export const identities: Step = {
  name: 'identities',
  after: [],
  async run(pass) {
    await Promise.all(groups(pass.plan.spec).map((group) => keepIdentities(pass, group)));
    return done;
  },
};

async function keepIdentities(pass: Pass, group: Group): Promise<void> {
  const { namespace } = pass.plan.id;
  const name = identitySecret(pass.plan.id, group.organization, group.tier);
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name };
  const authorities = await pass.credentials.authorities(group.organization);
  const known = readSecret(await pass.own<Secret>(ref));
  const shared: Record<string, string> = {
    [sharedKeys.mspCa]: authorities.msp,
    [sharedKeys.tlsCa]: authorities.tls,
    [sharedKeys.ous]: nodeOus,
    ...(group.tier === 'orderer' && { [adminCaKey]: authorities.admin }),
  };
  const missing = await missingMembers(pass, group, known);
  pass.keep(ref);
  const wanted = { ...known, ...shared, ...missing };
  if (Object.entries(wanted).every(([key, value]) => known[key] === value)) return;
  await pass.apply([identitySecretOf(pass.plan, group, wanted)]);
}

/** Keys and certificates of members that have none yet. Those there are stay: orderers' are pinned. */
async function missingMembers(
  pass: Pass,
  group: Group,
  known: Record<string, string>,
): Promise<Record<string, string>> {
  const ordinals = Array.from({ length: group.members }, (_, ordinal) => ordinal);
  const made = ordinals
    .filter((ordinal) => Object.values(memberKeys(ordinal)).some((key) => !known[key]))
    .map(async (ordinal) => {
      const { msp, tls } = await pass.credentials.member(group, ordinal);
      const keys = memberKeys(ordinal);
      return {
        [keys.mspCertificate]: msp.certificate,
        [keys.mspKey]: msp.privateKey,
        [keys.tlsCertificate]: tls.certificate,
        [keys.tlsKey]: tls.privateKey,
      };
    });
  return Object.assign({}, ...(await Promise.all(made))) as Record<string, string>;
}

/** The values of a Secret as text. */
export function readSecret(secret: Secret | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret?.data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString(),
    ]),
  );
}

const unit = (name: string): string => `{ OrganizationalUnitIdentifier: ${name} }`;

/** Fabric's `config.yaml` of an MSP: roles by the organizational unit of a certificate. */
const nodeOus = `NodeOUs:
  Enable: true
  ClientOUIdentifier: ${unit('client')}
  PeerOUIdentifier: ${unit('peer')}
  AdminOUIdentifier: ${unit('admin')}
  OrdererOUIdentifier: ${unit('orderer')}
`;
