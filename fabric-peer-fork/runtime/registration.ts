import shim from 'fabric-shim';

/** The part of the shim's client that is needed here; its types know neither. */
interface Client {
  _stream: NodeJS.EventEmitter;
  _client: { close: () => void };
}

interface Message {
  getType: () => number;
}

/** `ChaincodeMessage.Type.READY` of Fabric's chaincode protocol. */
const readyType = 4;

export interface Registration {
  /** Whether the peer has taken the chaincode and may call it. */
  readonly ready: boolean;
}

export interface RegistrationOptions {
  signal: AbortSignal;
  /** Milliseconds to wait after a connection that never became ready: at first, and at most. */
  delay?: { first: number; most: number };
}

/**
 * Registers a chaincode with the peer that the environment names (`CORE_PEER_ADDRESS` and the TLS files, as
 * fabric-shim reads them), and does so again whenever the connection ends, for as long as the process lives. The shim
 * itself connects once.
 */
export function stayRegistered(
  chaincode: shim.ChaincodeInterface,
  { signal, delay = { first: 100, most: 2000 } }: RegistrationOptions,
): Registration {
  const state = { ready: false };
  let wait = delay.first;
  const connect = (): void => {
    if (signal.aborted) return;
    const { _stream: stream, _client: connection } = shim.Shim.start(
      chaincode,
    ) as unknown as Client;
    stream.on('data', (message: Message) => {
      if (message.getType() !== readyType) return;
      state.ready = true;
      wait = delay.first;
    });
    let over = false;
    const again = (): void => {
      if (over) return;
      over = true;
      state.ready = false;
      connection.close();
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, delay.most);
    };
    stream.once('end', again);
    stream.once('error', again);
  };
  connect();
  return state;
}
