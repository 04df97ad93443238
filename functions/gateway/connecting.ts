/** Connections to a Service that has several pods behind it, any of which may be silent. */
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect, type NetConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';

type Connected = (error: Error | null, stream: Duplex) => void;

/** Milliseconds for one try, and how many are made: together a second. Each may meet another pod. */
const patience = 250;
const tries = 4;

/** Nothing was said before a connection stands, so that it can be tried again whatever it is for. */
export class PersistentAgent extends Agent {
  override createConnection(options: ClientRequestArgs, connected?: Connected): undefined {
    dial(options as NetConnectOpts, tries, connected ?? (() => undefined));
  }

  /** Those that carry nothing now: the next call makes a new one. */
  closeIdle(): void {
    for (const idle of Object.values(this.freeSockets)) {
      for (const socket of idle ?? []) socket.destroy();
    }
  }
}

function dial(options: NetConnectOpts, left: number, connected: Connected): void {
  const socket = connect(options);
  const giveUp = (): void => {
    if (socket.connecting) socket.destroy(new Error(`no connection within ${patience} ms`));
  };
  // This process may be what was late: then the connection stands, and is heard of before an immediate.
  const late = setTimeout(() => setImmediate(giveUp), patience);
  const failed = (error: Error): void => {
    clearTimeout(late);
    if (left > 1) dial(options, left - 1, connected);
    else connected(error, socket);
  };
  socket.once('error', failed);
  socket.once('connect', () => {
    clearTimeout(late);
    socket.off('error', failed);
    connected(null, socket);
  });
}
