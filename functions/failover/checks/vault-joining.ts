import { targetOf, type Check, type Member } from './check.ts';

/**
 * A Vault member with an empty volume joins the others, and then is sealed. Where none is
 * initialized there is nothing to join: that is the setup's work.
 */
export const vaultJoining: Check = {
  name: 'vault-joining',
  look: ({ members }) =>
    members.some(isInitialized)
      ? members
          .filter(({ seal }) => seal === 'uninitialized')
          .map((member) => ({
            action: 'wait',
            target: targetOf(member),
            reason: 'it has not joined the others yet',
          }))
      : [],
};

function isInitialized({ seal }: Member): boolean {
  return seal === 'sealed' || seal === 'unsealed';
}
