/** The object store as all its members together: any of them serves any object. */
import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Unavailable } from '../errors.ts';
import { Suspects, type Tell } from '../suspicion/suspects.ts';
import { agentFor, createS3, isAnswer, isThere, type S3, type S3Options } from './s3.ts';

export interface StoreOptions extends Omit<S3Options, 'endpoint' | 'ca' | 'agent'> {
  /** Of every member: `https://minio-0.minio-internal.selvedge-storage.svc:9000`. */
  endpoints: string[];
  /** The file with the CA that the members' certificates must come from. */
  caFile?: string;
  /** Hears of members that do not answer. */
  tell?: Tell;
}

/**
 * What a member that answers says, be it a refusal (an error of the SDK); Unavailable where none
 * does. A call that is repeated at another member must do no harm.
 */
export interface Store {
  ask<T>(call: (client: S3) => Promise<T>): Promise<T>;
  /** The same for a stream, which breaks when its member falls silent. */
  read(call: (client: S3) => Promise<Readable>): Promise<Readable>;
}

export function openStore({ endpoints, caFile, tell, ...options }: StoreOptions): Store {
  const ca = caFile === undefined ? undefined : readFileSync(caFile);
  const members = new Map(
    endpoints.map((endpoint) => {
      const agent = agentFor(endpoint, ca);
      return [endpoint, { agent, client: createS3({ ...options, endpoint, agent }) }];
    }),
  );
  const drop = (endpoint: string): void => members.get(endpoint)?.agent.destroy();
  const suspects = new Suspects({ kind: 'minio', tell, drop });
  let turn = 0;
  const inTurn = <T>(ask: (endpoint: string) => Promise<T>): Promise<T> => {
    turn = (turn + 1) % endpoints.length;
    return suspects.inTurn([...endpoints.slice(turn), ...endpoints.slice(0, turn)], ask);
  };
  const askMember = async <T>(endpoint: string, call: (client: S3) => Promise<T>): Promise<T> => {
    const member = members.get(endpoint);
    if (!member) throw new Error(`${endpoint} is no member of the object store`);
    try {
      return await call(member.client);
    } catch (cause) {
      if (isAnswer(cause)) throw cause;
      if (!isThere(cause)) suspects.failed(endpoint);
      const { message } = cause as Error;
      throw new Unavailable(`the object store does not answer: ${message}`, { cause });
    }
  };

  return {
    ask: (call) => inTurn((endpoint) => askMember(endpoint, call)),
    read: (call) =>
      inTurn(async (endpoint) => {
        const stream = await askMember(endpoint, call);
        const stop = suspects.attend(endpoint, (reason) => stream.destroy(reason));
        return stream.once('close', stop);
      }),
  };
}
