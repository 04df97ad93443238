/**
 * Identities of a Fabric network from Vault's PKI engine: a mount is one certificate authority.
 * Its private key never leaves Vault; a member's key is made by Vault with its certificate.
 */
import { X509Certificate } from 'node:crypto';
import { NotFound, Unprocessable } from '../errors.ts';
import type { Vault } from './client.ts';
import { VaultRefusal } from './refusal.ts';

/** A certificate with its private key (PKCS #8 or SEC 1), in PEM. */
export interface KeyPair {
  certificate: string;
  privateKey: string;
}

/**
 * What a member is, told by the organizational unit of its certificate (Fabric's NodeOUs); `writer` is
 * a client that bears one more, which no role but this one gives.
 */
export type MemberRole = 'peer' | 'orderer' | 'admin' | 'client' | 'writer';

/** The unit of the clients that may write facts: the chaincode asks for it. */
export const writerUnit = 'selvedge-writer';

/** Roles of an authority: members by NodeOU, servers (TLS both ways), or TLS clients. */
export type AuthorityRole = MemberRole | 'server' | 'tlsclient';

/** The role that signs for keys made elsewhere: of a request it takes the key, and nothing else. */
const applicationRole = 'application';

export interface IssueOptions {
  commonName: string;
  /** DNS names of a server. */
  names?: readonly string[];
  hours: number;
}

export interface SignOptions {
  /** A certificate request (PKCS #10), PEM. */
  request: string;
  commonName: string;
  hours: number;
}

export interface Identities {
  /**
   * Makes the authority if it is not there.
   *
   * @returns its certificate, PEM
   */
  authority(mount: string, name: string, roles: readonly AuthorityRole[]): Promise<string>;
  /** The certificate of an authority that was made, PEM. */
  certificate(mount: string): Promise<string | undefined>;
  issue(mount: string, role: AuthorityRole, options: IssueOptions): Promise<KeyPair>;
  /**
   * A client's certificate for the key of a request; its names and units are not the request's to choose.
   *
   * @returns PEM
   * @throws Unprocessable when the authority does not take the request
   * @throws NotFound when there is no such authority any more
   */
  sign(mount: string, options: SignOptions): Promise<string>;
  /** Destroys the authority with its key; absent is fine. */
  removeAuthority(mount: string): Promise<void>;
}

/** Ten years for an authority, so that no leaf outlives it. */
const authorityHours = 10 * 365 * 24;

/** Clocks may differ by minutes: a certificate is valid from a little before it was made. */
const backdated = '10m';

/** P-256: what Fabric's crypto provider takes. */
const key = { key_type: 'ec', key_bits: 256 };

/** Every call throws Unavailable or VaultRefusal as client.ts says. */
export function createIdentities(vault: Vault): Identities {
  return {
    async authority(mount, name, roles) {
      const known = await certificateOf(vault, mount);
      if (known) return known;
      await mountAuthority(vault, mount);
      for (const role of roles) await vault.write(`${mount}/roles/${role}`, roleSettings(role));
      // Last: an authority with a certificate is complete.
      const root = await vault.write(`${mount}/root/generate/internal`, {
        common_name: name,
        issuer_name: 'root',
        ttl: `${authorityHours}h`,
        not_before_duration: backdated,
        exclude_cn_from_sans: true,
        ...key,
      });
      return text(root, 'certificate', mount);
    },

    async issue(mount, role, { commonName, names = [], hours }) {
      const issued = await vault.write(`${mount}/issue/${role}`, {
        common_name: commonName,
        alt_names: names.join(','),
        ttl: `${hours}h`,
        exclude_cn_from_sans: true,
        private_key_format: 'pkcs8',
      });
      return {
        certificate: text(issued, 'certificate', mount),
        privateKey: text(issued, 'private_key', mount),
      };
    },

    certificate: (mount) => certificateOf(vault, mount),

    async sign(mount, { request, commonName, hours }) {
      const ask = () =>
        vault.write(`${mount}/sign/${applicationRole}`, {
          csr: request,
          common_name: commonName,
          ttl: `${hours}h`,
          exclude_cn_from_sans: true,
        });
      const signed = await ask()
        .catch(async (refusal: unknown) => {
          if (!lacksRole(refusal)) throw refusal;
          // Authorities that are older than it do not have the role.
          await vault.write(`${mount}/roles/${applicationRole}`, applicationSettings());
          return ask();
        })
        .catch((cause: unknown) => {
          if (!(cause instanceof VaultRefusal) || cause.status !== 400) throw cause;
          throw new Unprocessable('the certificate authority does not take the request', { cause });
        });
      if (!signed) throw new NotFound('the certificate authority is no more');
      return text(signed, 'certificate', mount);
    },

    removeAuthority: (mount) => vault.remove(`sys/mounts/${mount}`),
  };
}

/** The share of a certificate's life that is over at `now`: 0 at its beginning, 1 at its end. */
export function lifeSpent(certificate: string, now: Date): number {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return (now.getTime() - from) / (to - from);
}

async function certificateOf(vault: Vault, mount: string): Promise<string | undefined> {
  const answer = await vault.read(`${mount}/cert/ca`).catch(absent);
  const certificate = answer?.['certificate'];
  return typeof certificate === 'string' && certificate !== '' ? pem(certificate) : undefined;
}

/** Vault answers 400 where nothing is mounted, or the mount has no certificate yet. */
function absent(error: unknown): undefined {
  if ((error as { status?: number }).status !== 400) throw error;
  return undefined;
}

function lacksRole(error: unknown): boolean {
  return error instanceof VaultRefusal && /unknown role/.test(error.message);
}

async function mountAuthority(vault: Vault, mount: string): Promise<void> {
  if (await vault.read(`sys/mounts/${mount}`).catch(absent)) return;
  await vault.write(`sys/mounts/${mount}`, {
    type: 'pki',
    config: { max_lease_ttl: `${authorityHours}h`, default_lease_ttl: '24h' },
  });
}

function roleSettings(role: AuthorityRole): Record<string, unknown> {
  const server = role === 'server';
  const tls = server || role === 'tlsclient';
  return {
    ...key,
    allow_any_name: true,
    enforce_hostnames: false,
    key_usage: ['DigitalSignature'],
    server_flag: server,
    client_flag: tls,
    // Fabric verifies members with Go's default, server authentication: only a certificate
    // without extended key usages (or with that one) passes as a member.
    ext_key_usage: [],
    ...(tls ? {} : { ou: role === 'writer' ? ['client', writerUnit] : [role] }),
    not_before_duration: backdated,
    max_ttl: `${authorityHours / 2}h`,
    // Nothing is revoked by serial number: what is issued need not be kept.
    no_store: true,
    generate_lease: false,
  };
}

/** A client of which the request says nothing; keys of more than `key_bits` are taken as well. */
const applicationSettings = (): Record<string, unknown> => ({
  ...roleSettings('client'),
  use_csr_common_name: false,
  use_csr_sans: false,
});

function text(answer: Record<string, unknown> | undefined, field: string, mount: string): string {
  const value = answer?.[field];
  if (typeof value !== 'string') throw new Error(`Vault's answer for ${mount} lacks ${field}`);
  return pem(value);
}

const pem = (value: string): string => `${value.trim()}\n`;
