import { common } from '@hyperledger/fabric-protos';

/** A block with a configuration, as far as it is read. */
export function configBlock(config: common.Config, number: number): Buffer {
  const content = new common.ConfigEnvelope();
  content.setConfig(config);
  const payload = new common.Payload();
  payload.setData(content.serializeBinary());
  const envelope = new common.Envelope();
  envelope.setPayload(payload.serializeBinary());
  const data = new common.BlockData();
  data.setDataList([envelope.serializeBinary()]);
  const header = new common.BlockHeader();
  header.setNumber(number);
  const block = new common.Block();
  block.setHeader(header);
  block.setData(data);
  return Buffer.from(block.serializeBinary());
}
