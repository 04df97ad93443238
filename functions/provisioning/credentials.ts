import type { Identity } from '../lib/fabric/connection.ts';
import type { AuthorityRole, Identities, KeyPair } from '../lib/vault/identities.ts';
import type { NetworkSpec } from '../lib/network.ts';
import {
  authorityKinds,
  clustersetHost,
  host,
  memberName,
  pkiMount,
  type AuthorityKind,
  type Tier,
} from './resources/names.ts';
import type { Group, Plan } from './resources/plan.ts';

/** The roots of one organization, PEM: of its members, its servers, its orderers' admins. */
export type Authorities = Record<AuthorityKind, string>;

const roles: Record<AuthorityKind, AuthorityRole[]> = {
  msp: ['peer', 'orderer', 'admin', 'client', 'writer'],
  tls: ['server'],
  admin: ['tlsclient'],
};

/** Hours: members' certificates, what one pass administers with, and the data functions' own. */
const hours = { member: 5 * 365 * 24, pass: 1, writer: 30 * 24 };

/** What one pass needs of Vault, each asked for at most once. Organizations go by their name. */
export interface Credentials {
  authorities(organization: string): Promise<Authorities>;
  /** A member's identity and TLS pair, new with every call. */
  member(group: Group, ordinal: number): Promise<{ msp: KeyPair; tls: KeyPair }>;
  /** An admin of the organization, for this pass only. */
  admin(organization: string): Promise<Identity>;
  /** A TLS pair the organization's orderers take orders from, for this pass only. */
  ordererAdmin(organization: string): Promise<KeyPair>;
  /** A client of the organization that may write facts, for the data functions; new with every call. */
  writer(organization: string): Promise<Identity>;
}

export function createCredentials(identities: Identities, plan: Plan): Credentials {
  const mount = (organization: string, kind: AuthorityKind): string =>
    pkiMount(plan.id, organization, kind);

  const member = async (organization: string, role: 'admin' | 'writer'): Promise<Identity> => {
    const pair = await identities.issue(mount(organization, 'msp'), role, {
      commonName: `selvedge-${role}`,
      hours: role === 'admin' ? hours.pass : hours.writer,
    });
    return { mspId: mspIdOf(plan.spec, organization), ...pair };
  };

  return {
    authorities: once(async (organization) => {
      const made = authorityKinds.map(async (kind) => {
        const name = `${mspIdOf(plan.spec, organization)} ${kind}`;
        const at = mount(organization, kind);
        return [kind, await identities.authority(at, name, roles[kind])] as const;
      });
      return Object.fromEntries(await Promise.all(made)) as Authorities;
    }),

    async member({ organization, tier }, ordinal) {
      const commonName = memberName(organization, tier, ordinal);
      const common = { commonName, hours: hours.member };
      const [msp, tls] = await Promise.all([
        identities.issue(mount(organization, 'msp'), tier, common),
        identities.issue(mount(organization, 'tls'), 'server', {
          ...common,
          names: serverNames(plan, organization, tier, ordinal),
        }),
      ]);
      return { msp, tls };
    },

    admin: once((organization) => member(organization, 'admin')),
    ordererAdmin: once((organization) =>
      identities.issue(mount(organization, 'admin'), 'tlsclient', {
        commonName: 'selvedge-provisioning',
        hours: hours.pass,
      }),
    ),
    writer: (organization) => member(organization, 'writer'),
  };
}

/** Throws when the spec names no such organization: its rules forbid that. */
export function mspIdOf(spec: NetworkSpec, organization: string): string {
  const found = spec.organizations.find(({ name }) => name === organization);
  if (!found) throw new Error(`no organization ${organization}`);
  return found.mspId;
}

/** Every name a member is reached by: within its cluster, in full and in short, and from others. */
function serverNames({ id }: Plan, organization: string, tier: Tier, ordinal: number): string[] {
  const full = host(id, organization, tier, ordinal);
  const short = full.slice(0, -id.domain.length - 1);
  return [full, short, clustersetHost(id, organization, tier, ordinal), 'localhost'];
}

function once<T>(make: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
}
