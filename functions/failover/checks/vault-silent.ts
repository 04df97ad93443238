import { targetOf, type Check } from './check.ts';

/** A Vault member that runs and does not answer yet may turn out to be sealed. */
export const vaultSilent: Check = {
  name: 'vault-silent',
  look: ({ members }) =>
    members
      .filter(({ seal, ready }) => seal === 'silent' && !ready)
      .map((member) => ({
        action: 'wait',
        target: targetOf(member),
        reason: 'it does not answer yet',
      })),
};
