/** What a channel's configuration block says: its number, its configuration, and who orders. */
import { common, orderer } from '@hyperledger/fabric-protos';

/** Where a consenter of the channel is reached by the others. */
export interface ConsenterAddress {
  host: string;
  port: number;
}

export function blockNumber(block: Uint8Array): number {
  return common.Block.deserializeBinary(block).getHeader()?.getNumber() ?? 0;
}

/**
 * The configuration that a block brings.
 *
 * @throws Error when the bytes are no configuration block
 */
export function configOf(block: Uint8Array): common.Config {
  const [data] = common.Block.deserializeBinary(block).getData()?.getDataList_asU8() ?? [];
  const envelope = common.Envelope.deserializeBinary(data ?? new Uint8Array());
  const payload = common.Payload.deserializeBinary(envelope.getPayload_asU8());
  const config = common.ConfigEnvelope.deserializeBinary(payload.getData_asU8()).getConfig();
  if (!config) throw new Error('the block holds no configuration');
  return config;
}

/** The number of the newest configuration block, as any block, even without its content, has it. */
export function lastConfigIndex(block: common.Block): number {
  const all = block.getMetadata()?.getMetadataList_asU8() ?? [];
  const bytes = all[common.BlockMetadataIndex.SIGNATURES] ?? new Uint8Array();
  const value = common.Metadata.deserializeBinary(bytes).getValue_asU8();
  return common.OrdererBlockMetadata.deserializeBinary(value).getLastConfig()?.getIndex() ?? 0;
}

/**
 * The consenters a configuration block names, in their order.
 *
 * @throws Error when the bytes are no configuration block
 */
export function consentersOf(block: Uint8Array): ConsenterAddress[] {
  const group = configOf(block).getChannelGroup()?.getGroupsMap().get('Orderer');
  if (!group) throw new Error('the block holds no configuration of orderers');
  const values = group.getValuesMap();
  const value = (name: string): Uint8Array => values.get(name)?.getValue_asU8() ?? new Uint8Array();
  const type = orderer.ConsensusType.deserializeBinary(value('ConsensusType'));
  const consenters =
    type.getType() === 'BFT'
      ? common.Orderers.deserializeBinary(value('Orderers')).getConsenterMappingList()
      : orderer.etcdraft.ConfigMetadata.deserializeBinary(
          type.getMetadata_asU8(),
        ).getConsentersList();
  return consenters.map((one) => ({ host: one.getHost(), port: one.getPort() }));
}
