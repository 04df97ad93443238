import { isDeepStrictEqual } from 'node:util';
import { Conflict, NotFound } from '../../functions/lib/errors.ts';
import {
  type Collection,
  type Kubernetes,
  type KubernetesObject,
  pathOf,
  type Ref,
  refOf,
  type RemoveOptions,
  type WatchEvent,
  type WatchOptions,
} from '../../functions/lib/kubernetes/client.ts';

type Stored = KubernetesObject & { status?: unknown; spec?: unknown };
type Listener = (event: WatchEvent<Stored>, path: string) => void;

/**
 * An API server in memory: versions, generations, label selectors, finalizers, namespaces, watches. Apply
 * replaces what is there except metadata it does not name and the status.
 */
export class FakeKubernetes implements Kubernetes {
  readonly objects = new Map<string, Stored>();
  /** What changed something, as `verb path`. */
  readonly changes: string[] = [];
  /** Runs after each change: plays the controllers of a cluster. */
  onChange: (object: Stored) => void = () => undefined;
  readonly #listeners = new Set<Listener>();
  #version = 0;

  get<T extends KubernetesObject>(ref: Ref): Promise<T | undefined> {
    return Promise.resolve(structuredClone(this.objects.get(pathOf(ref))) as T | undefined);
  }

  list<T extends KubernetesObject>(of: Collection, labelSelector?: string): Promise<T[]> {
    const found = this.#matching(of, labelSelector);
    return Promise.resolve(structuredClone(found) as unknown as T[]);
  }

  async heads(of: Collection, labelSelector?: string): Promise<KubernetesObject[]> {
    const found = await this.list(of, labelSelector);
    return found.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }));
  }

  apply<T extends KubernetesObject>(object: T): Promise<T> {
    const before = this.objects.get(pathOf(refOf(object)));
    const { status, metadata } = before ?? {};
    const labels = { ...metadata?.labels, ...object.metadata.labels };
    const merged = { ...object, metadata: { ...metadata, ...object.metadata, labels } };
    return Promise.resolve(this.#store('apply', { ...merged, ...(status ? { status } : {}) }) as T);
  }

  applyStatus<T extends KubernetesObject>(object: T): Promise<T> {
    const before = this.#existing(refOf(object));
    const { status } = object as unknown as Stored;
    return Promise.resolve(this.#store('status', { ...before, status }) as T);
  }

  create<T extends KubernetesObject>(object: T): Promise<T> {
    if (this.objects.has(pathOf(refOf(object)))) return Promise.reject(new Conflict('it exists'));
    return Promise.resolve(this.#store('create', object) as T);
  }

  async replace<T extends KubernetesObject>(object: T): Promise<T> {
    const before = this.#existing(refOf(object));
    const { resourceVersion } = object.metadata;
    if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) {
      throw new Conflict('it has changed');
    }
    return Promise.resolve(this.#store('replace', object) as T);
  }

  async merge<T extends KubernetesObject>(ref: Ref, patch: object): Promise<T> {
    const before = this.#existing(ref);
    const { metadata, ...rest } = patch as Stored;
    const merged = { ...before, ...rest, metadata: { ...before.metadata, ...metadata } };
    const stored = this.#store('merge', merged);
    if (stored.metadata.deletionTimestamp && !stored.metadata.finalizers?.length) this.#drop(ref);
    return Promise.resolve(stored as T);
  }

  remove(ref: Ref, { uid }: RemoveOptions = {}): Promise<void> {
    const found = this.objects.get(pathOf(ref));
    if (!found) return Promise.resolve();
    if (uid && uid !== found.metadata.uid) return Promise.reject(new Conflict('it is another'));
    if (found.metadata.finalizers?.length) {
      const metadata = { ...found.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
      this.#store('remove', { ...found, metadata });
    } else {
      this.#drop(ref);
    }
    return Promise.resolve();
  }

  async *watch<T extends KubernetesObject>(
    of: Collection,
    { labelSelector, resourceVersion, signal }: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    const known = resourceVersion === undefined ? this.#matching(of, labelSelector) : [];
    const queue = known.map((object): WatchEvent<Stored> => ({ type: 'ADDED', object }));
    let wake: () => void = () => undefined;
    const listener: Listener = (event, path) => {
      if (!path.startsWith(`${pathOf(of)}/`) || !selects(labelSelector, event.object)) return;
      queue.push(event);
      wake();
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => wake());
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield structuredClone(next) as unknown as WatchEvent<T>;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  /** Every object of a kind. */
  all(kind: string): Stored[] {
    return [...this.objects.values()].filter((object) => object.kind === kind);
  }

  #existing(ref: Ref): Stored {
    const found = this.objects.get(pathOf(ref));
    if (!found) throw new NotFound(`no ${ref.kind} ${ref.name}`);
    return found;
  }

  #matching(of: Collection, labelSelector?: string): Stored[] {
    const prefix = `${pathOf(of)}/`;
    return [...this.objects.entries()]
      .filter(([path, object]) => path.startsWith(prefix) && selects(labelSelector, object))
      .map(([, object]) => object);
  }

  #store(verb: string, object: Stored): Stored {
    const path = pathOf(refOf(object));
    const before = this.objects.get(path);
    if (before && isDeepStrictEqual(plain(before), plain(object))) return structuredClone(before);
    const { generation = 0, uid } = before?.metadata ?? {};
    const changed = !isDeepStrictEqual(plain(before?.spec), plain(object.spec));
    const stored: Stored = structuredClone({
      ...object,
      metadata: {
        ...object.metadata,
        uid: uid ?? `uid-${this.#version}`,
        resourceVersion: String(++this.#version),
        generation: changed ? generation + 1 : generation,
      },
    });
    this.objects.set(path, stored);
    this.changes.push(`${verb} ${path}`);
    this.#tell({ type: before ? 'MODIFIED' : 'ADDED', object: stored }, path);
    this.onChange(stored);
    return structuredClone(stored);
  }

  #drop(ref: Ref): void {
    const path = pathOf(ref);
    const found = this.objects.get(path);
    if (!found) return;
    this.objects.delete(path);
    this.changes.push(`remove ${path}`);
    this.#tell({ type: 'DELETED', object: found }, path);
    if (found.kind === 'Namespace') this.#empty(found.metadata.name);
  }

  /** What the namespace controller does with all that was in one. */
  #empty(namespace: string): void {
    for (const object of [...this.objects.values()]) {
      if (object.metadata.namespace === namespace) this.#drop(refOf(object));
    }
  }

  #tell(event: WatchEvent<Stored>, path: string): void {
    for (const listener of this.#listeners) listener(event, path);
  }
}

/** As it looks after a trip through JSON, and without what the server keeps. */
function plain(value: unknown): unknown {
  if (value === undefined) return undefined;
  const copy = JSON.parse(JSON.stringify(value)) as Partial<Stored>;
  if (copy.metadata) {
    delete copy.metadata.resourceVersion;
    delete copy.metadata.uid;
    delete copy.metadata.generation;
    if (Object.keys(copy.metadata.labels ?? {}).length === 0) delete copy.metadata.labels;
  }
  return copy;
}

function selects(selector: string | undefined, { metadata }: KubernetesObject): boolean {
  if (!selector) return true;
  return selector.split(',').every((term) => {
    const [key = '', value = ''] = term.split(/!?=/);
    const same = metadata.labels?.[key] === value;
    return term.includes('!=') ? !same : same;
  });
}
