import {
  sameDefinition,
  type Definition,
  type StoredDefinition,
} from '../lib/fabric/definition.ts';

/** What is known of one chaincode of a channel before anything is done. */
export interface Seen {
  /** As the spec has it; its sequence does not matter. */
  wanted: Definition;
  /** The package that its source makes now; undefined where it makes none. */
  packageId: string | undefined;
  /** What the peer with the highest sequence has as committed. */
  committed: StoredDefinition | undefined;
  /** The package approved for the committed sequence, and the one for that before, by anybody. */
  approved: string | undefined;
  before?: { version: string; packageId: string | undefined } | undefined;
}

/** What is to run, and what people should know about it. */
export interface Decision {
  /** The sequence that the definition is to have. */
  sequence: number;
  /** The package that organizations are to approve for it; undefined where there is none. */
  packageId: string | undefined;
  note?: string;
}

/**
 * New content is taken up with a new version and only then: what the channel runs is read from
 * there, not from a source that somebody may just have edited.
 */
export function decide(seen: Seen): Decision {
  const { wanted, committed, packageId } = seen;
  if (!committed) return { sequence: 1, packageId };
  const holds = sameDefinition(wanted, committed);
  const sequence = holds ? committed.sequence : committed.sequence + 1;
  if (wanted.version === committed.version) return sameVersion(seen, sequence);
  const same = packageId !== undefined && packageId === seen.approved;
  return { sequence, packageId, ...note(same && unchanged(wanted)) };
}

function sameVersion({ wanted, packageId, approved, before }: Seen, sequence: number): Decision {
  // Nobody runs it: it was withdrawn, so there is nothing that it could differ from.
  if (approved === undefined) return { sequence, packageId };
  if (approved !== packageId) return { sequence, packageId: approved, ...note(edited(wanted)) };
  const same = before?.packageId === approved && before.version !== wanted.version;
  return { sequence, packageId: approved, ...note(same && unchanged(wanted)) };
}

const note = (text: string | false): Pick<Decision, 'note'> => (text ? { note: text } : {});

const edited = ({ name, version }: Definition): string =>
  `${name}: its source has changed since version ${version}; a new version takes it up`;

const unchanged = ({ name, version }: Definition): string =>
  `${name}: version ${version} has the content of the version before`;
