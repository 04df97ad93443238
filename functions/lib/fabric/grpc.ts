/** gRPC over TLS to peers: one HTTP/2 connection per process and peer, shared by its users. */
import { createHash } from 'node:crypto';
import { Client, connectivityState, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { Unavailable } from '../errors.ts';
import type { PeerEndpoint } from './connection.ts';

/** How long a connection may take to be made before its peer counts as down, in milliseconds. */
const connectTimeout = 3_000;

const options = {
  // A peer that vanished without closing is noticed in 30 s at most, and only while calls wait.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  // A peer that restarted is found again soon: grpc-js would wait up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2_000,
  // Fabric's own limit, for packages and blocks.
  'grpc.max_send_message_length': 100 * 1024 * 1024,
  'grpc.max_receive_message_length': 100 * 1024 * 1024,
  // Dropped is dropped: a pool of the whole process would give the old connection back.
  'grpc.use_local_subchannel_pool': 1,
};

interface Shared {
  client: Client;
  users: number;
}

const connections = new Map<string, Shared>();

/** A share in the connection to a peer, given back by `close`. */
export interface PeerConnection {
  /** Another one after `drop`. */
  readonly client: Client;
  /**
   * Resolves once connected; throws Unavailable naming the peer when it does not answer within
   * a few seconds. The impatient, who have another peer to turn to, take the first failure.
   */
  ready(options?: { impatient?: boolean }): Promise<void>;
  /** Gives up the connection for all its users: what fell silent on it may never wake again. */
  drop(): void;
  close(): void;
}

/** Connects lazily: nothing is dialled before the first `ready` or call. */
export function shareConnection(endpoint: PeerEndpoint): PeerConnection {
  const key = createHash('sha256')
    .update(JSON.stringify([endpoint.address, endpoint.hostname, endpoint.tlsRoot]))
    .digest('hex');
  const shared = connections.get(key) ?? { client: dial(endpoint), users: 0 };
  connections.set(key, shared);
  shared.users += 1;
  let open = true;
  return {
    get client() {
      return shared.client;
    },
    ready: ({ impatient = false } = {}) => ready(shared.client, endpoint.address, impatient),
    drop: () => {
      shared.client.close();
      shared.client = dial(endpoint);
    },
    close: () => {
      if (!open) return;
      open = false;
      shared.users -= 1;
      if (shared.users > 0) return;
      connections.delete(key);
      shared.client.close();
    },
  };
}

function dial({ address, hostname, tlsRoot }: PeerEndpoint): Client {
  return new Client(address, credentials.createSsl(Buffer.from(tlsRoot)), {
    ...options,
    'grpc.ssl_target_name_override': hostname,
    'grpc.default_authority': hostname,
  });
}

async function ready(client: Client, address: string, impatient: boolean): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + connectTimeout;
  for (;;) {
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return;
    const failed = state === connectivityState.TRANSIENT_FAILURE && impatient;
    if (failed || Date.now() >= deadline) {
      throw new Unavailable(`the peer ${address} does not answer`);
    }
    await new Promise<void>((resolve) => {
      channel.watchConnectivityState(state, deadline, () => resolve());
    });
  }
}

/** Whether an error of grpc-js says that the other side is away, rather than that it refused. */
export function isAway(error: unknown): boolean {
  const { code } = error as Partial<ServiceError>;
  return code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED;
}
