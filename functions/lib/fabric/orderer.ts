/** An orderer as a member of its channels sees it: how far it has come, and what configures them. */
import { common } from '@hyperledger/fabric-protos';
import { Conflict, NotFound, type SelvedgeError, Unavailable, Unprocessable } from '../errors.ts';
import { broadcast, type Answer } from './broadcast.ts';
import { lastConfigIndex } from './config-block.ts';
import type { Identity, PeerEndpoint } from './connection.ts';
import { blockAt, deliver, type Delivered, newest, onwardsFrom, seekInfo } from './deliver.ts';
import type { Stretch } from './deliver.ts';
import { sealed } from './envelope.ts';
import { isAway, shareConnection } from './grpc.ts';
import { createSigner } from './signer.ts';

/** Milliseconds for one answer. */
const timeout = 5_000;

/** Milliseconds for an update to come into a block: as long as a leader may take to be found. */
const orderingTimeout = 15_000;

/** How far an orderer has come in a channel, in blocks. */
export interface Position {
  height: number;
}

/**
 * Every call throws Unavailable when the orderer does not answer, NotFound when it does not know
 * the channel, Unprocessable when it refuses.
 */
export interface OrdererClient {
  /** Where it stands; undefined where it knows of no leader (Raft) and so orders nothing. */
  position(channel: string): Promise<Position | undefined>;
  /** The newest block with the channel's configuration. Throws Unavailable without a leader. */
  configBlock(channel: string): Promise<Uint8Array>;
  /** The first configuration block after number `after`, waited for. Throws as `configBlock`. */
  nextConfigBlock(channel: string, after: number): Promise<Uint8Array>;
  /**
   * Has an update of the channel ordered (`channel-update/draft.ts`). Throws Conflict when the
   * configuration is no longer the one that it changes, Unavailable when there is no leader or
   * too few of the consenters are alive.
   */
  submitUpdate(channel: string, draft: Uint8Array): Promise<void>;
  close(): void;
}

/** The identity must be one that may read the channel; for updates, one that may write to it. */
export function connectOrderer(endpoint: PeerEndpoint, identity: Identity): OrdererClient {
  const signer = createSigner(identity);
  const connection = shareConnection(endpoint);
  const { address } = endpoint;

  const answered = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      await connection.ready({ impatient: true });
      return await ask();
    } catch (error) {
      if (error instanceof Unavailable || isAway(error)) throw silent(address, error);
      throw error;
    }
  };
  const look = async (
    channel: string,
    stretch: Stretch,
    wanted: (block: common.Block) => boolean = () => true,
    timeoutMs = timeout,
  ): Promise<Delivered> => {
    const about = { channel, type: common.HeaderType.DELIVER_SEEK_INFO };
    const request = await sealed(signer, about, seekInfo(stretch));
    return answered(() => deliver(connection, request, timeoutMs, wanted));
  };
  const read = async (...asked: Parameters<typeof look>): Promise<common.Block> => {
    const found = await look(...asked);
    if (!found.block) throw refusedToTell(address, asked[0], found.status);
    return found.block;
  };

  return {
    async position(channel) {
      const found = await look(channel, newest());
      if (found.block) return { height: numberOf(found.block) + 1 };
      // A reader that asks strictly is turned away while there is no leader.
      if (found.status === common.Status.SERVICE_UNAVAILABLE) return undefined;
      throw refusedToTell(address, channel, found.status);
    },

    async configBlock(channel) {
      const last = await read(channel, newest());
      const block = hasContent(last) ? last : await read(channel, blockAt(lastConfigIndex(last)));
      return block.serializeBinary();
    },

    async nextConfigBlock(channel, after) {
      const block = await read(channel, onwardsFrom(after + 1), hasContent, orderingTimeout);
      return block.serializeBinary();
    },

    async submitUpdate(channel, draft) {
      const about = { channel, type: common.HeaderType.CONFIG_UPDATE };
      const message = await sealed(signer, about, draft);
      const answer = await answered(() => broadcast(connection, message, orderingTimeout));
      if (answer.status !== common.Status.SUCCESS) throw refusedToOrder(address, answer);
    },

    close: () => connection.close(),
  };
}

const numberOf = (block: common.Block): number => block.getHeader()?.getNumber() ?? 0;

/** Only blocks with a configuration come with their content. */
const hasContent = (block: common.Block): boolean =>
  (block.getData()?.getDataList_asU8().length ?? 0) > 0;

function refusedToTell(address: string, channel: string, status: number): SelvedgeError {
  switch (status) {
    case common.Status.NOT_FOUND:
      return new NotFound(`the orderer ${address} does not know ${channel}`);
    case common.Status.SERVICE_UNAVAILABLE:
      return new Unavailable(`the orderer ${address} has no leader of ${channel}`);
    default:
      return new Unprocessable(`the orderer ${address} refused to tell of ${channel}: ${status}`);
  }
}

/** Fabric has one status for all that it refuses; only its words tell what may be tried again. */
function refusedToOrder(address: string, { status, info }: Answer): SelvedgeError {
  const message = `the orderer ${address} refused an update: ${info} (${status})`;
  if (status === common.Status.SERVICE_UNAVAILABLE) return new Unavailable(message);
  if (info.includes('will result in quorum loss')) return new Unavailable(message);
  if (/is currently at version|but key is at version/.test(info)) return new Conflict(message);
  return new Unprocessable(message);
}

const silent = (address: string, cause: unknown): Unavailable =>
  new Unavailable(`the orderer ${address} does not answer`, { cause });
