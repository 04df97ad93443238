import { targetOf, type Check } from './check.ts';

/** A Vault member that restarted is sealed until someone unseals it. */
export const vaultSealed: Check = {
  name: 'vault-sealed',
  look: ({ members }) =>
    members
      .filter(({ seal }) => seal === 'sealed')
      .map((member) => ({
        action: 'unseal',
        target: targetOf(member),
        reason: `it is sealed (restarts: ${member.restarts})`,
      })),
};
