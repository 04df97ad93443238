/** The Gateways of a network's peers: what one does not answer, the next is asked. */
import { connect, type Gateway } from '@hyperledger/fabric-gateway';
import { CommitUnknown, Unavailable } from '../errors.ts';
import { Silent, Suspects, type Tell } from '../suspicion/suspects.ts';
import type { PeerEndpoint } from './connection.ts';
import { isLate, translateFailure } from './failures.ts';
import { shareConnection, type PeerConnection } from './grpc.ts';
import type { Signer } from './signer.ts';

export interface PortalsOptions {
  /** Hears of peers that do not answer. */
  tell?: Tell | undefined;
  /** Milliseconds that a call may wait before its peer is looked at. */
  patienceMs?: number | undefined;
}

export interface CallOptions {
  /** The transaction that is passed on: a peer that falls silent may have done so. */
  passesOn?: string;
  /** A call that waits for a commit: one that waited in vain is the last, and the next call begins with another. */
  waits?: boolean;
}

export class Portals {
  readonly #portals: ReadonlyMap<string, Portal>;
  readonly #suspects: Suspects;
  /** The address that answered last: its successors are tried when it no longer does. */
  #current: string | undefined;

  constructor(peers: readonly PeerEndpoint[], signer: Signer, options: PortalsOptions = {}) {
    this.#portals = new Map(
      peers.map((endpoint) => [`https://${endpoint.address}`, new Portal(endpoint, signer)]),
    );
    const drop = (address: string): void => this.#portals.get(address)?.drop();
    const { tell, patienceMs } = options;
    this.#suspects = new Suspects({
      ...{ kind: 'peer', tell, drop },
      ...(patienceMs !== undefined && { patienceMs }),
    });
  }

  /**
   * The result of the first portal that gives one, beginning with the one that answered last.
   * What a portal refuses is final; only one that is away is passed over. Where any of them may
   * have passed the transaction on, that is what is thrown, whatever a later one refuses.
   */
  async any<T>(call: (gateway: Gateway) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const failures: Unavailable[] = [];
    for (const address of this.#inOrder()) {
      try {
        return await this.#ask(address, call);
      } catch (error) {
        const failure = translateSilence(error, options) ?? translateFailure(error);
        if (!(failure instanceof Unavailable)) throw failures.findLast(isUnknown) ?? failure;
        failures.push(failure);
        if (this.#isEnd(address, failure, options)) break;
      }
    }
    throw (
      failures.findLast(isUnknown) ?? failures[0] ?? new Unavailable('the network has no peers')
    );
  }

  close(): void {
    for (const portal of this.#portals.values()) portal.close();
  }

  async #ask<T>(address: string, call: (gateway: Gateway) => Promise<T>): Promise<T> {
    const portal = this.#portals.get(address);
    const impatient = this.#portals.size > 1;
    const result = await this.#suspects.watch(address, async () => {
      const gateway = await portal?.gateway(impatient).catch((error: unknown) => {
        this.#suspects.failed(address);
        throw error;
      });
      if (!gateway) throw new Unavailable(`${address} is no peer`);
      return call(gateway);
    });
    this.#suspects.answered(address);
    this.#current = address;
    return result;
  }

  /** Whether no other is to be asked. Of a transaction that nobody commits the peer is not to blame. */
  #isEnd(address: string, failure: Unavailable, { waits = false }: CallOptions): boolean {
    if (!isUnknown(failure)) this.#suspects.late(address);
    const isEnd = waits && isLate(failure);
    if (isEnd) this.#current = this.#after(address);
    return isEnd;
  }

  #after(address: string): string | undefined {
    const all = [...this.#portals.keys()];
    return all[(all.indexOf(address) + 1) % all.length];
  }

  #inOrder(): string[] {
    const all = [...this.#portals.keys()];
    const first = this.#current === undefined ? 0 : all.indexOf(this.#current);
    return this.#suspects.inOrder([...all.slice(first), ...all.slice(0, first)]);
  }
}

/** A peer's Gateway service, over whichever connection there is to it. */
class Portal {
  readonly #connection: PeerConnection;
  readonly #signer: Signer;
  #open: { client: PeerConnection['client']; gateway: Gateway } | undefined;

  constructor(endpoint: PeerEndpoint, signer: Signer) {
    this.#connection = shareConnection(endpoint);
    this.#signer = signer;
  }

  /** @throws Unavailable when the peer does not answer */
  async gateway(impatient: boolean): Promise<Gateway> {
    await this.#connection.ready({ impatient });
    const { client } = this.#connection;
    if (this.#open?.client !== client) {
      this.#open?.gateway.close();
      this.#open = { client, gateway: connect({ client, ...this.#signer.gatewayOptions }) };
    }
    return this.#open.gateway;
  }

  drop(): void {
    this.#connection.drop();
  }

  close(): void {
    this.#open?.gateway.close();
    this.#connection.close();
  }
}

function translateSilence(error: unknown, { passesOn }: CallOptions): CommitUnknown | undefined {
  if (!(error instanceof Silent) || passesOn === undefined) return undefined;
  return new CommitUnknown(passesOn, { cause: error });
}

function isUnknown(failure: Unavailable): boolean {
  return failure instanceof CommitUnknown;
}
