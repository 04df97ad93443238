/** Organizations with CAs and members made on the spot, as Vault's PKI makes the real ones. */
import type { KeyPair } from '../../../../functions/lib/vault/identities.ts';
import { issue, makeAuthority } from '../../../../scripts/lib/x509.ts';

export interface Authority {
  certificate: string;
  privateKey: string;
  issue(leaf: { name: string; unit?: string | string[]; hosts?: string[] }): Promise<KeyPair>;
}

export interface TestOrganization {
  name: string;
  mspId: string;
  msp: Authority;
  tls: Authority;
}

export async function createOrganization(name: string, mspId: string): Promise<TestOrganization> {
  const [msp, tls] = await Promise.all([authority(`${name} msp`), authority(`${name} tls`)]);
  return { name, mspId, msp, tls };
}

async function authority(name: string): Promise<Authority> {
  const root = await makeAuthority(name);
  return {
    certificate: root.certificate,
    privateKey: root.key,
    issue: async ({ unit = [], ...leaf }) => {
      const units = [unit].flat();
      const { certificate, key } = await issue(root, { hosts: [], units, ...leaf });
      return { certificate, privateKey: key };
    },
  };
}
