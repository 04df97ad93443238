/**
 * The chain as who has nothing else would use it: fabric-gateway, one transaction per datum. It keeps the same
 * facts in the same chaincode of the same channel as the data functions do, and no data.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { connect } from '@hyperledger/fabric-gateway';
import { format } from '../../../functions/lib/data/cipher.ts';
import type { VersionFact } from '../../../functions/lib/data/fact.ts';
import type { Connection } from '../../../functions/lib/fabric/connection.ts';
import { shareConnection } from '../../../functions/lib/fabric/grpc.ts';
import { createSigner } from '../../../functions/lib/fabric/signer.ts';
import { until } from '../../../functions/lib/until.ts';

export interface RawChannel {
  /**
   * Submits the fact of a datum that is not there yet, and waits until it is committed.
   *
   * @returns the datum's id
   */
  submit: () => Promise<string>;
  /** Has one peer read the first version of a datum. */
  evaluate: (id: string) => Promise<void>;
  close: () => void;
}

/**
 * @param address of the first of the connection's peers, as it is reached from here
 * @throws Error when that peer does not answer
 */
export async function connectRaw(connection: Connection, address: string): Promise<RawChannel> {
  const { peers, channel, chaincode } = connection;
  const [peer] = peers;
  if (!peer) throw new Error('the network has no peer');
  const shared = shareConnection({ ...peer, address });
  await until({ what: `the peer at ${address}`, timeoutMs: 30_000 }, async () => {
    await shared.ready({ impatient: true });
    return true;
  });
  const gateway = connect({
    client: shared.client,
    ...createSigner(connection).gatewayOptions,
    endorseOptions: within(30_000),
    submitOptions: within(30_000),
    commitStatusOptions: within(60_000),
    evaluateOptions: within(30_000),
  });
  const contract = gateway.getNetwork(channel).getContract(chaincode);
  return {
    submit: async () => {
      const fact = factOfNothing(connection.incarnation);
      await contract.submitTransaction('put', JSON.stringify([fact]));
      return fact.id;
    },
    evaluate: async (id) => {
      const found = await contract.evaluateTransaction('get', id, '1');
      if (Buffer.from(found).equals(Buffer.from('null'))) throw new Error('the fact is not there');
    },
    close: () => {
      gateway.close();
      shared.close();
    },
  };
}

const within = (milliseconds: number) => () => ({ deadline: Date.now() + milliseconds });

/** What the chain would be told of a datum of 1 KiB. */
function factOfNothing(incarnation: string): VersionFact {
  const digest = (): string =>
    `sha256:${createHash('sha256').update(randomBytes(32)).digest('hex')}`;
  return {
    kind: 'version',
    ...{ id: randomBytes(32).toString('hex'), incarnation, index: `bench://${randomUUID()}` },
    ...{ digest: digest(), size: 1088, owner: 'bench', format, policy: digest(), meta: digest() },
  };
}
