/** The policies of data in etcd: those in force, and those on their way (data-put/policy.ts tells their story). */
import { keys, prefixes, type DatumRef } from './datum.ts';
import { policyDigest } from './digests.ts';
import { json, pages, read } from './entries.ts';
import type { Change, Etcd } from './etcd.ts';
import type { Head } from './fact.ts';
import type { Datum, Proposal, Revised } from './model.ts';

export interface Policies {
  /** The Cedar text that decides about a datum. */
  policy(ref: DatumRef): Promise<string | undefined>;
  /** The policy that was proposed as the one that a head names. */
  proposal(
    ref: DatumRef,
    named: Pick<Head, 'edition' | 'policy'>,
  ): Promise<Revised<Proposal> | undefined>;
  /** Writes a proposal, or writes it anew; false when it was changed meanwhile. */
  propose(proposal: Proposal): Promise<boolean>;
  /** Makes a proposal the published policy, unless a later one is; false when the datum was changed meanwhile. */
  enact(proposal: Proposal, datum: Revised<Datum>): Promise<boolean>;
  /** Strikes a proposal, unless it was proposed anew. */
  withdraw(proposal: Revised<Proposal>): Promise<void>;
  proposals(): AsyncIterable<Revised<Proposal>>;
}

export function createPolicies(etcd: Etcd): Policies {
  return {
    policy: async (ref) => (await etcd.get(keys.policy(ref)))?.value.toString(),
    proposal: (ref, named) => read<Proposal>(etcd, keys.proposal(ref, named)),
    proposals: () => pages<Proposal>(etcd, prefixes.proposals),

    propose: async (proposal) => {
      const key = proposalKey(proposal);
      const before = await etcd.get(key);
      const expected = { [key]: before?.revision ?? '0' };
      return (await etcd.commit(expected, [json(key, proposal)])) !== undefined;
    },

    enact: async (proposal, { value, revision }) => {
      const { edition, policy } = proposal;
      const datumKey = keys.datum(proposal);
      const changes: Change[] = [{ key: proposalKey(proposal) }];
      if (value.erasedAt === undefined && edition > (value.edition ?? 1)) {
        changes.push(json(datumKey, { ...value, edition }));
        changes.push({ key: keys.policy(proposal), value: policy });
      }
      return (await etcd.commit({ [datumKey]: revision }, changes)) !== undefined;
    },

    withdraw: async ({ value, revision }) => {
      const key = proposalKey(value);
      await etcd.commit({ [key]: revision }, [{ key }]);
    },
  };
}

function proposalKey(proposal: Proposal): string {
  const { edition, policy } = proposal;
  return keys.proposal(proposal, { edition, policy: policyDigest(policy) });
}
