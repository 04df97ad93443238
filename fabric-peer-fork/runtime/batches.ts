/**
 * Many keys read, and many written, in one exchange with the peer. Peers take that since Fabric 3.1
 * (`GetMultipleStates` and write batches of Go's shim); Node's shim asks for each key by itself.
 */
import { peer } from '@hyperledger/fabric-protos';
import shim from 'fabric-shim';

export interface Batches {
  /** The values of keys, in their order; empty where there is nothing. */
  getMultipleStates(keys: readonly string[]): Promise<Uint8Array[]>;
  putMultipleStates(entries: readonly (readonly [string, Uint8Array])[]): Promise<void>;
}

/** The part of the shim's stub that is needed here; its types know none of it. */
interface Stub {
  channel_id: string;
  txId: string;
  handler: {
    _askPeerAndListen: (message: peer.ChaincodeMessage, method: string) => Promise<Uint8Array>;
  };
}

/** Peers take no more in one message (`chaincode.runtimeParams`). */
const mostKeys = 1000;

/** Gives the stub of every transaction these two. */
export function provideBatches(): void {
  Object.assign(shim.ChaincodeStub.prototype, batches);
}

const batches: Batches & ThisType<Stub> = {
  async getMultipleStates(keys) {
    const values: Uint8Array[] = [];
    for (const some of inBatches(keys)) {
      const request = new peer.GetStateMultiple();
      request.setKeysList(some);
      const answer = await ask(this, peer.ChaincodeMessage.Type.GET_STATE_MULTIPLE, request);
      values.push(...peer.GetStateMultipleResult.deserializeBinary(answer).getValuesList_asU8());
    }
    return values;
  },

  async putMultipleStates(entries) {
    for (const some of inBatches(entries)) {
      const request = new peer.WriteBatchState();
      request.setRecList(some.map(writeOf));
      await ask(this, peer.ChaincodeMessage.Type.WRITE_BATCH_STATE, request);
    }
  },
};

function writeOf([key, value]: readonly [string, Uint8Array]): peer.WriteRecord {
  const write = new peer.WriteRecord();
  write.setType(peer.WriteRecord.Type.PUT_STATE);
  write.setKey(key);
  write.setValue(value);
  return write;
}

function ask(
  { channel_id: channel, txId, handler }: Stub,
  type: peer.ChaincodeMessage.TypeMap[keyof peer.ChaincodeMessage.TypeMap],
  request: { serializeBinary: () => Uint8Array },
): Promise<Uint8Array> {
  const message = new peer.ChaincodeMessage();
  message.setType(type);
  message.setPayload(request.serializeBinary());
  message.setTxid(txId);
  message.setChannelId(channel);
  return handler._askPeerAndListen(message, 'batch');
}

function inBatches<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / mostKeys);
  return Array.from({ length: count }, (_, n) => all.slice(n * mostKeys, (n + 1) * mostKeys));
}
