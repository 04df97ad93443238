/**
 * What is to be sent to bring a channel from one configuration to another, as Fabric's
 * `configtxlator` computes it: what must be as it was (read set), and what is to be (write set),
 * both as small as can be.
 */
import { isDeepStrictEqual } from 'node:util';
import { common } from '@hyperledger/fabric-protos';
import type { Map as Entries } from 'google-protobuf';

type Group = common.ConfigGroup;

/** The update, or undefined where the two configurations say the same. */
export function computeUpdate(
  channel: string,
  original: common.Config,
  updated: common.Config,
): common.ConfigUpdate | undefined {
  const root = (config: common.Config): Group =>
    config.getChannelGroup() ?? new common.ConfigGroup();
  const { read, write, changed } = compareGroups(root(original), root(updated));
  if (!changed) return undefined;
  const update = new common.ConfigUpdate();
  update.setChannelId(channel);
  update.setReadSet(read);
  update.setWriteSet(write);
  return update;
}

/** Two elements of one name: what of them must be as it was, and what is to be. */
interface Compared<T> {
  /** Left out of the one that is replaced as a whole, or new. */
  read?: T;
  write: T;
  changed: boolean;
}

function compareGroups(before: Group, after: Group): Required<Compared<Group>> {
  const parts = [groups(before, after), values(before, after), policies(before, after)];
  // Which members a group has is the group's own to say: then it has a new version, and names all.
  const regrouped =
    parts.some((part) => part.regrouped) || before.getModPolicy() !== after.getModPolicy();
  const read = new common.ConfigGroup();
  const write = new common.ConfigGroup();
  read.setVersion(before.getVersion());
  write.setVersion(before.getVersion() + (regrouped ? 1 : 0));
  if (regrouped) write.setModPolicy(after.getModPolicy());
  for (const part of parts) part.fill(read, write, regrouped);
  return { read, write, changed: regrouped || parts.some((part) => part.changed) };
}

/** How the members of one kind differ between two groups. */
interface Part {
  /** Whether a member of both differs. */
  changed: boolean;
  /** Whether one came or went. */
  regrouped: boolean;
  /** Puts the members that differ into both sets; with `all` the others too. */
  fill(read: Group, write: Group, all: boolean): void;
}

/**
 * @param of where a group has its members of a kind
 * @param compare of two members of one name; without `before`, it is a new one
 */
function comparing<T>(
  of: (group: Group) => Entries<string, T>,
  compare: (before: T | undefined, after: T) => Compared<T>,
): (before: Group, after: Group) => Part {
  return (before, after) => {
    const found = new Map<string, Compared<T>>();
    of(after).forEach((one, name) => found.set(name, compare(of(before).get(name), one)));
    return {
      changed: [...found.values()].some((one) => one.changed),
      regrouped: !isDeepStrictEqual(namesIn(of(before)), namesIn(of(after))),
      fill(read, write, all) {
        for (const [name, one] of found) {
          if (!one.changed && !all) continue;
          if (one.read) of(read).set(name, one.read);
          of(write).set(name, one.write);
        }
      },
    };
  };
}

function namesIn(entries: Entries<string, unknown>): Set<string> {
  const names = new Set<string>();
  entries.forEach((_, name) => names.add(name));
  return names;
}

const groups = comparing((group) => group.getGroupsMap(), compareSubgroups);
const values = comparing((group) => group.getValuesMap(), comparingContent(common.ConfigValue));
const policies = comparing(
  (group) => group.getPoliciesMap(),
  comparingContent(common.ConfigPolicy),
);

function compareSubgroups(before: Group | undefined, after: Group): Compared<Group> {
  if (before) return compareGroups(before, after);
  const { write } = compareGroups(new common.ConfigGroup(), after);
  write.setVersion(0);
  write.setModPolicy(after.getModPolicy());
  return { write, changed: true };
}

interface Versioned {
  getVersion(): number;
  setVersion(version: number): void;
  serializeBinary(): Uint8Array;
}

interface Kind<T> {
  new (): T;
  deserializeBinary(bytes: Uint8Array): T;
}

function comparingContent<T extends Versioned>(kind: Kind<T>) {
  return (before: T | undefined, after: T): Compared<T> => {
    const same = new kind();
    same.setVersion(before?.getVersion() ?? 0);
    const isSame = before && bytesOf(kind, before, 0).equals(bytesOf(kind, after, 0));
    if (isSame) return { read: same, write: same, changed: false };
    const version = before ? before.getVersion() + 1 : 0;
    return { write: kind.deserializeBinary(bytesOf(kind, after, version)), changed: true };
  };
}

/** An element as if it were of `version`, which is the channel's to say. */
function bytesOf<T extends Versioned>(kind: Kind<T>, element: T, version: number): Buffer {
  const copy = kind.deserializeBinary(element.serializeBinary());
  copy.setVersion(version);
  return Buffer.from(copy.serializeBinary());
}
