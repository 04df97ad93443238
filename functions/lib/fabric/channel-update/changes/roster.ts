/** The consenters in a channel's configuration, wherever its kind of consensus keeps them. */
import { common, orderer } from '@hyperledger/fabric-protos';
import { bftConsenter, quorumOf, raftConsenter } from '../../genesis/consensus.ts';
import type { ConsenterSpec } from '../../genesis/spec.ts';
import { type Change, changeGroup, putPolicy, putValue, valueIn } from '../change.ts';

/** What both kinds of consensus say of a consenter. */
export interface Listed {
  getHost(): string;
  getPort(): number;
}

export interface Roster<C extends Listed> {
  list(group: common.ConfigGroup): C[];
  put(group: common.ConfigGroup, list: C[]): void;
  /** One for those of `list`; with `like`, as the member that this one is. */
  make(spec: ConsenterSpec, list: readonly C[], like?: C): C;
}

/** Members have numbers of Raft's own, and it gives none twice. */
const raft: Roster<orderer.etcdraft.Consenter> = {
  list: (group) => metadataIn(group).getConsentersList(),
  put(group, list) {
    const metadata = metadataIn(group);
    metadata.setConsentersList(list);
    const type = typeIn(group);
    type.setMetadata(metadata.serializeBinary());
    putValue(group, 'ConsensusType', type);
  },
  make: (spec) => raftConsenter(spec),
};

/** A quorum of these very members makes a block valid: that policy goes with the list. */
const bft: Roster<common.Consenter> = {
  list: (group) => valueIn(group, 'Orderers', common.Orderers).getConsenterMappingList(),
  put(group, list) {
    const orderers = new common.Orderers();
    orderers.setConsenterMappingList(list);
    putValue(group, 'Orderers', orderers);
    putPolicy(group, 'BlockValidation', quorumOf(list));
  },
  make: (spec, list, like) => bftConsenter(spec, like?.getId() ?? freeNumber(list)),
};

const freeNumber = (list: readonly common.Consenter[]): number =>
  Math.max(0, ...list.map((one) => one.getId())) + 1;

/** What the consenters are to be: a list of its own, or the very one where they are so already. */
export type Edit = <C extends Listed>(list: C[], roster: Roster<C>) => C[];

export function changeConsenters(edit: Edit): Change {
  return changeGroup(['Orderer'], (group) => {
    if (typeIn(group).getType() === 'BFT') revise(group, bft, edit);
    else revise(group, raft, edit);
  });
}

function revise<C extends Listed>(group: common.ConfigGroup, roster: Roster<C>, edit: Edit): void {
  const before = roster.list(group);
  const after = edit(before, roster);
  if (after !== before) roster.put(group, after);
}

const typeIn = (group: common.ConfigGroup): orderer.ConsensusType =>
  valueIn(group, 'ConsensusType', orderer.ConsensusType);

const metadataIn = (group: common.ConfigGroup): orderer.etcdraft.ConfigMetadata =>
  orderer.etcdraft.ConfigMetadata.deserializeBinary(typeIn(group).getMetadata_asU8());
