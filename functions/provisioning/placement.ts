/** Who runs the orderers of a network: decided once, before anything is made, and kept. */
import type { NetworkSpec } from '../lib/network.ts';
import type { Placement } from '../lib/network/status.ts';
import { Refused } from './fault.ts';

/** What is known of where a network's orderers are; nothing of one that is new. */
export interface Known {
  /** As the status says: all of them. */
  decided?: Placement | undefined;
  /**
   * Where the status says nothing, what else tells of them, the most trusted first. Each is asked
   * only for what those before it do not account for.
   */
  witnesses?: readonly Placement[];
}

/**
 * Leaves each orderer where it is, and gives those that are nowhere yet to whoever runs the fewest,
 * the first of the spec among equals: so no organization holds a majority of them where there are
 * enough organizations for that.
 *
 * @throws Refused `PlacementFixed` when the spec asks for others than there are
 */
export function place(spec: NetworkSpec, { decided, witnesses = [] }: Known = {}): Placement {
  const wanted = spec.consensus.orderers;
  const found = decided ?? believe(witnesses, wanted);
  const isOther = decided ? total(found) !== wanted : total(found) > wanted;
  if (isOther) throw otherNumber(found, spec);
  const stranger = found.find(({ organization: name }) => !isIn(spec, name));
  if (stranger) throw noMember(stranger);
  return decided ?? completed(spec, found);
}

function believe(witnesses: readonly Placement[], wanted: number): Placement {
  let found: Placement = [];
  for (const witness of witnesses) if (total(found) < wanted) found = together(found, witness);
  return found;
}

/** The most that either knows of each: members are numbered, so those are the same ones. */
function together(one: Placement, other: Placement): Placement {
  const all = new Set([...one, ...other].map(({ organization }) => organization));
  return [...all].map((organization) => ({
    organization,
    orderers: Math.max(runBy(one, organization), runBy(other, organization)),
  }));
}

function completed({ consensus, organizations }: NetworkSpec, found: Placement): Placement {
  const placed = organizations.map(({ name }) => ({
    organization: name,
    orderers: runBy(found, name),
  }));
  for (let left = consensus.orderers - total(found); left > 0; left--) {
    placed.reduce((least, one) => (one.orderers < least.orderers ? one : least)).orderers += 1;
  }
  return placed.filter(({ orderers }) => orderers > 0);
}

/** How many orderers an organization runs. */
export const runBy = (placement: Placement, organization: string): number =>
  placement.find((one) => one.organization === organization)?.orderers ?? 0;

const total = (placement: Placement): number =>
  placement.reduce((sum, { orderers }) => sum + orderers, 0);

const isIn = ({ organizations }: NetworkSpec, organization: string): boolean =>
  organizations.some(({ name }) => name === organization);

const refused = (message: string): Refused => new Refused({ reason: 'PlacementFixed', message });

const otherNumber = (found: Placement, { consensus }: NetworkSpec): Refused =>
  refused(
    `the network runs ${total(found)} orderers and the spec says ${consensus.orderers}: their ` +
      `number cannot be changed once the network exists`,
  );

const noMember = ({ organization, orderers }: Placement[number]): Refused =>
  refused(
    `${organization} runs orderers of the network (${orderers}) and is not in the spec: it cannot ` +
      `leave once the network exists`,
  );
