import { setTimeout as delay } from 'node:timers/promises';
import { Conflict, Gone } from '../../functions/lib/errors.ts';
import type { Kubernetes, WatchEvent } from '../../functions/lib/kubernetes/client.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';

type Edge = Pick<Kubernetes, 'get' | 'list' | 'create' | 'replace' | 'remove' | 'watch'>;

/** A Kubernetes edge that holds networks in memory, with versions, generations and watches. */
export class FakeNetworks {
  readonly objects = new Map<string, FabricNetwork>();
  readonly #history: { version: number; event: WatchEvent<FabricNetwork> }[] = [];
  #version = 0;
  /** Thrown once by the next call. */
  fault: Error | undefined;
  /** Thrown once by the next watch. */
  watchFault: Error | undefined;
  /** Runs once before the next write: another one's change. */
  meanwhile: (() => void) | undefined;

  get edge(): Edge {
    return this as unknown as Edge;
  }

  /** Writes as someone else would, e.g. provisioning its status. */
  write(object: FabricNetwork): FabricNetwork {
    const { name } = object.metadata;
    const old = this.objects.get(name);
    const version = ++this.#version;
    const changed = JSON.stringify(old?.spec) !== JSON.stringify(object.spec);
    const generation = (old?.metadata.generation ?? 0) + (changed ? 1 : 0);
    const metadata = { ...object.metadata, generation, resourceVersion: String(version) };
    const next = { ...object, metadata };
    this.objects.set(name, next);
    this.#history.push({ version, event: { type: old ? 'MODIFIED' : 'ADDED', object: next } });
    return structuredClone(next);
  }

  erase(name: string): void {
    const object = this.objects.get(name);
    if (!object) return;
    this.objects.delete(name);
    this.#history.push({ version: ++this.#version, event: { type: 'DELETED', object } });
  }

  async get({ name }: { name: string }): Promise<FabricNetwork | undefined> {
    await this.#enter();
    return structuredClone(this.objects.get(name));
  }

  async list(): Promise<FabricNetwork[]> {
    await this.#enter();
    return structuredClone([...this.objects.values()]);
  }

  async create(object: FabricNetwork): Promise<FabricNetwork> {
    await this.#enter(true);
    if (this.objects.has(object.metadata.name)) throw new Conflict('it exists');
    return this.write(object);
  }

  async replace(object: FabricNetwork): Promise<FabricNetwork> {
    await this.#enter(true);
    const old = this.objects.get(object.metadata.name);
    if (old?.metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw new Conflict('it changed');
    }
    return this.write(object);
  }

  async remove({ name }: { name: string }): Promise<void> {
    await this.#enter();
    this.erase(name);
  }

  async *watch(
    _of: unknown,
    { resourceVersion, signal }: { resourceVersion?: string; signal: AbortSignal },
  ): AsyncGenerator<WatchEvent<FabricNetwork>> {
    const fault = this.watchFault;
    this.watchFault = undefined;
    if (fault) throw fault;
    let seen = Number(resourceVersion ?? 0);
    while (!signal.aborted) {
      for (const { version, event } of this.#history.filter((past) => past.version > seen)) {
        seen = version;
        yield event;
      }
      await delay(5, undefined, { signal }).catch(() => undefined);
    }
  }

  async #enter(writes = false): Promise<void> {
    await Promise.resolve();
    const { fault, meanwhile } = this;
    this.fault = undefined;
    if (fault) throw fault;
    if (!writes) return;
    this.meanwhile = undefined;
    meanwhile?.();
  }
}

export const compacted = (): Gone => new Gone('too old resource version');
