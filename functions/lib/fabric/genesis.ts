/** The first block of a channel, built as `configtxgen` builds it, without its files. */
import { common } from '@hyperledger/fabric-protos';
import { applicationGroup } from './genesis/application.ts';
import { creationTime, genesisBlock } from './genesis/block.ts';
import { capabilities, configGroup, implicitMeta } from './genesis/config.ts';
import { ordererGroup } from './genesis/orderer.ts';
import type { GenesisSpec } from './genesis/spec.ts';

export type { ConsenterSpec, GenesisSpec, OrdererSpec, OrganizationSpec } from './genesis/spec.ts';

/** Fabric hashes a block's data as one piece; any other width is refused. */
const wholeBlock = 0xffffffff;

/**
 * The serialised `common.Block` (number 0) that orderers and peers join a channel by.
 * The same spec, in whatever order it lists organizations, gives the same bytes; the order of
 * orderers counts, as it numbers the consenters. Throws BadRequest where a part is missing.
 */
export function channelGenesis(spec: GenesisSpec): Buffer {
  const hashing = new common.HashingAlgorithm();
  hashing.setName('SHA256');
  const structure = new common.BlockDataHashingStructure();
  structure.setWidth(wholeBlock);

  const root = configGroup({
    values: {
      HashingAlgorithm: hashing,
      BlockDataHashingStructure: structure,
      // V3_0 brings BFT and is asked for only there, so that 2.x members can join Raft channels.
      Capabilities: capabilities(spec.consensus === 'bft' ? 'V3_0' : 'V2_0'),
    },
    policies: {
      Readers: implicitMeta('ANY', 'Readers'),
      Writers: implicitMeta('ANY', 'Writers'),
      Admins: implicitMeta('MAJORITY', 'Admins'),
    },
    groups: {
      Orderer: ordererGroup(spec),
      Application: applicationGroup(spec.organizations.filter((one) => one.isApplication)),
    },
  });
  return genesisBlock(
    spec.channel,
    root,
    creationTime(spec.organizations.map(({ rootCert }) => rootCert)),
  );
}
