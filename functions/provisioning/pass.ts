import type { Identity, PeerEndpoint } from '../lib/fabric/connection.ts';
import type { OrdererClient } from '../lib/fabric/orderer.ts';
import type { PeerClient } from '../lib/fabric/peer.ts';
import { withDeadline } from '../lib/deadline.ts';
import { Unavailable, Unprocessable } from '../lib/errors.ts';
import {
  type KubernetesObject,
  type OwnerReference,
  type Ref,
  refOf,
} from '../lib/kubernetes/client.ts';
import type { FabricNetwork } from '../lib/network.ts';
import type { Clients } from './clients.ts';
import { createKept, type Kept } from './kept.ts';
import { createCredentials, type Credentials } from './credentials.ts';
import type { Member } from './members.ts';
import { ports } from './resources/names.ts';
import type { Plan } from './resources/plan.ts';

/** Milliseconds a pass waits in all for what it started; after that an event wakes the next. */
export const patienceMs = 60_000;

/** Milliseconds a pass has in all, whatever its steps are at: then it ends with what it has. */
export const boundMs = 120_000;

/** Milliseconds more for a call under way to meet its own deadline: then it is left behind. */
export const graceMs = 30_000;

/** What ends a pass (the Lease is lost), and what ends only its waiting. */
export interface Signals {
  signal: AbortSignal;
  urgent: AbortSignal;
}

/** One pass over one network: what its steps share. */
export class Pass {
  readonly clients: Clients;
  readonly network: FabricNetwork;
  readonly plan: Plan;
  readonly credentials: Credentials;
  readonly kept: Kept;
  /** Aborted when the pass must stop at once: the Lease is lost, or its time is over. */
  readonly signal: AbortSignal;
  /** Aborted when waiting is over; what does not wait goes on. */
  readonly patience: AbortSignal;
  /** Everything applied in this pass: `prune` removes the rest. */
  readonly made: Ref[] = [];
  #owner: OwnerReference | undefined;
  readonly #peers = new Map<string, PeerClient>();
  readonly #orderers = new Map<string, OrdererClient>();
  readonly #late: AbortSignal;
  readonly #end: number;

  constructor(
    clients: Clients,
    network: FabricNetwork,
    plan: Plan,
    { signal, urgent }: Signals,
    { bound = boundMs, grace = graceMs } = {},
  ) {
    this.clients = clients;
    this.network = network;
    this.plan = plan;
    this.credentials = createCredentials(clients.identities, plan);
    this.kept = createKept(clients.vault, plan);
    this.#late = AbortSignal.timeout(bound);
    this.#end = performance.now() + bound + grace;
    this.signal = AbortSignal.any([signal, this.#late]);
    this.patience = AbortSignal.any([this.signal, urgent, AbortSignal.timeout(patienceMs)]);
  }

  /** Whether the pass has had its time. */
  get isLate(): boolean {
    return this.#late.aborted;
  }

  /**
   * Settles as `work` does, and no later than the pass may end.
   *
   * @throws Unavailable when it is left behind
   */
  within<T>(work: Promise<T>): Promise<T> {
    const left = Math.max(0, this.#end - performance.now());
    return withDeadline(left, work, () => new Unavailable('it did not end with its pass'));
  }

  /** Says which namespace is the network's: it owns all that is made in it from now on. */
  settle({ apiVersion, kind, metadata: { name, uid = '' } }: KubernetesObject): void {
    this.#owner = { apiVersion, kind, name, uid };
  }

  /** Whether an object was made for this network, by this project. */
  isOwn({ metadata }: KubernetesObject): boolean {
    return metadata.ownerReferences?.some(({ uid }) => uid === this.#owner?.uid) ?? false;
  }

  /**
   * An object of this network, or undefined where there is none.
   *
   * @throws Unprocessable when the name is taken by what is not this network's
   */
  async own<T extends KubernetesObject>(ref: Ref): Promise<T | undefined> {
    const found = await this.clients.kubernetes.get<T>(ref);
    if (found && !this.isOwn(found)) {
      throw new Unprocessable(`there is a ${ref.kind} ${ref.name} that is not of this network`);
    }
    return found;
  }

  /**
   * Applies objects one after the other and notes them as wanted.
   *
   * @param fit makes of an object what it is to be where there is one of its name already
   * @throws Unprocessable as `own` does: applying is forced, and would take the object over
   */
  async apply(
    objects: readonly KubernetesObject[],
    fit: (wanted: KubernetesObject, known: KubernetesObject) => KubernetesObject = (wanted) =>
      wanted,
  ): Promise<void> {
    for (const object of objects) {
      this.signal.throwIfAborted();
      const known = await this.own(refOf(object));
      await this.clients.kubernetes.apply(this.#owned(known ? fit(object, known) : object));
      this.keep(refOf(object));
    }
  }

  /** Makes an object that must not be there yet. @throws Conflict when it is */
  async create(object: KubernetesObject): Promise<void> {
    await this.clients.kubernetes.create(this.#owned(object));
    this.keep(refOf(object));
  }

  #owned<T extends KubernetesObject>(object: T): T {
    if (!this.#owner) throw new Error('the namespace of a network comes first');
    return { ...object, metadata: { ...object.metadata, ownerReferences: [this.#owner] } };
  }

  /** Notes an object as wanted without applying it. */
  keep(ref: Ref): void {
    this.made.push(ref);
  }

  /** A connection to a peer as admin of its organization. */
  peer(member: Member & { ip: string }): Promise<PeerClient> {
    const { fabric } = this.clients;
    return this.#connection(this.#peers, member, ports.peer, (...to) => fabric.connectPeer(...to));
  }

  /** A connection to an orderer as admin of its organization. */
  orderer(member: Member & { ip: string }): Promise<OrdererClient> {
    const { fabric } = this.clients;
    return this.#connection(this.#orderers, member, ports.orderer, (...to) =>
      fabric.connectOrderer(...to),
    );
  }

  /** By the pod's address: its name may not be known to the DNS yet, and a miss is remembered there. */
  async #connection<Client>(
    known: Map<string, Client>,
    { name, group, host, ip }: Member & { ip: string },
    port: number,
    connect: (endpoint: PeerEndpoint, identity: Identity) => Client,
  ): Promise<Client> {
    const { mspId, organization } = group;
    const [authorities, admin] = await Promise.all([
      this.credentials.authorities(organization),
      this.credentials.admin(organization),
    ]);
    const endpoint = { address: `${ip}:${port}`, hostname: host, mspId, tlsRoot: authorities.tls };
    // A member that was restarted meanwhile has another address.
    const key = `${name} ${ip}`;
    const client = known.get(key) ?? connect(endpoint, admin);
    known.set(key, client);
    return client;
  }

  close(): void {
    for (const client of [...this.#peers.values(), ...this.#orderers.values()]) client.close();
    this.#peers.clear();
    this.#orderers.clear();
  }
}
