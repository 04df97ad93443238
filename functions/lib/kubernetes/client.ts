import type { KubeConfig } from '@kubernetes/client-node';
import { Gone, NotFound } from '../errors.ts';
import { KubernetesHttp, loadConfig, type Status, toError } from './http.ts';
import { pathOf, refOf, type Collection, type KubernetesObject, type Ref } from './objects.ts';

export * from './objects.ts';
export type * from './shapes.ts';

export interface RemoveOptions {
  /** Seconds the object gets to end; 0 ends it at once. */
  gracePeriodSeconds?: number;
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** Removes only this very object: Conflict when another has taken its name. */
  uid?: string;
}

export interface WatchOptions {
  labelSelector?: string;
  fieldSelector?: string;
  /** Left out: starts with an ADDED event for each object there is. */
  resourceVersion?: string;
  signal: AbortSignal;
}

export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

/**
 * The calls Selvedge makes to a Kubernetes API server. Every call has a deadline and throws a
 * SelvedgeError: Unavailable when the server cannot be reached, answers 5xx or too late.
 */
export interface Kubernetes {
  /** The object, or undefined where there is none. */
  get<T extends KubernetesObject>(ref: Ref): Promise<T | undefined>;
  /** All objects of a kind, optionally only those a label selector (`a=b,c in (d,e)`) picks. */
  list<T extends KubernetesObject>(of: Collection, labelSelector?: string): Promise<T[]>;
  /** The same without what is in them: of each object only its metadata. */
  heads(of: Collection, labelSelector?: string): Promise<KubernetesObject[]>;
  /**
   * Server-side apply with the field manager `selvedge`, forced: the fields given become ours, those
   * we gave before and leave out now are dropped, everyone else's stay.
   */
  apply<T extends KubernetesObject>(object: T): Promise<T>;
  /** The same for the status subresource; another field manager for what others write a part of. */
  applyStatus<T extends KubernetesObject>(object: T, manager?: string): Promise<T>;
  /** Throws Conflict when the name is taken. */
  create<T extends KubernetesObject>(object: T): Promise<T>;
  /** Throws Conflict when `metadata.resourceVersion` is no longer the newest. */
  replace<T extends KubernetesObject>(object: T): Promise<T>;
  /** JSON merge patch (RFC 7396); with `metadata.resourceVersion` in it, Conflict as in replace. */
  merge<T extends KubernetesObject>(ref: Ref, patch: object): Promise<T>;
  /** An object that is not there is fine. */
  remove(ref: Ref, options?: RemoveOptions): Promise<void>;
  /** Ends when the server closes it or the signal is aborted; throws Gone when history was compacted. */
  watch<T extends KubernetesObject>(
    of: Collection,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
}

export const fieldManager = 'selvedge';

/** The server ends a watch by then. Below 300 s, after which the client breaks off an answer that says nothing. */
const watchSeconds = '240';

/** Asks for a list of which each item is only its metadata. */
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

interface ListOptions {
  labelSelector?: string | undefined;
  accept?: string;
}

/**
 * Connects by `config`, or else by `$KUBECONFIG`, or else by the service account of the pod.
 *
 * `timeoutMs` bounds each call but watches, which the caller's signal bounds.
 */
export function connectKubernetes({
  timeoutMs = 15_000,
  config = loadConfig(),
}: { timeoutMs?: number; config?: KubeConfig } = {}): Kubernetes {
  return new ApiServer(new KubernetesHttp(config, timeoutMs));
}

class ApiServer implements Kubernetes {
  readonly #http: KubernetesHttp;

  constructor(http: KubernetesHttp) {
    this.#http = http;
  }

  async get<T extends KubernetesObject>(ref: Ref): Promise<T | undefined> {
    try {
      return await this.#http.json<T>({ method: 'GET', path: pathOf(ref) });
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  list<T extends KubernetesObject>(of: Collection, labelSelector?: string): Promise<T[]> {
    return this.#whole<T>(of, { labelSelector });
  }

  heads(of: Collection, labelSelector?: string): Promise<KubernetesObject[]> {
    return this.#whole(of, { labelSelector, accept: metadataOnly });
  }

  async #whole<T extends KubernetesObject>(of: Collection, how: ListOptions): Promise<T[]> {
    try {
      return await this.#pages<T>(of, how);
    } catch (error) {
      // What a later page continues was compacted meanwhile: once more from the first.
      if (!(error instanceof Gone)) throw error;
      return this.#pages<T>(of, how);
    }
  }

  async #pages<T extends KubernetesObject>(
    of: Collection,
    { labelSelector, accept }: ListOptions,
  ): Promise<T[]> {
    const found: T[] = [];
    let next: string | undefined;
    do {
      const page = await this.#http.json<{ items: T[] | null; metadata: { continue?: string } }>({
        method: 'GET',
        path: pathOf(of),
        query: { labelSelector, limit: '500', continue: next },
        ...(accept !== undefined && { accept }),
      });
      // Items of a list come without their kind; where only metadata were asked for, none come as null.
      for (const item of page.items ?? []) {
        found.push({ ...item, apiVersion: of.apiVersion, kind: of.kind });
      }
      next = page.metadata.continue ? page.metadata.continue : undefined;
    } while (next);
    return found;
  }

  apply<T extends KubernetesObject>(object: T): Promise<T> {
    return this.#apply(object, '', fieldManager);
  }

  applyStatus<T extends KubernetesObject>(object: T, manager = fieldManager): Promise<T> {
    return this.#apply(object, '/status', manager);
  }

  #apply<T extends KubernetesObject>(object: T, part: string, manager: string): Promise<T> {
    return this.#http.json<T>({
      method: 'PATCH',
      path: pathOf(refOf(object)) + part,
      query: { fieldManager: manager, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  create<T extends KubernetesObject>(object: T): Promise<T> {
    const { apiVersion, kind, namespace } = refOf(object);
    return this.#http.json<T>({
      method: 'POST',
      path: pathOf({ apiVersion, kind, namespace }),
      query: { fieldManager },
      body: object,
    });
  }

  replace<T extends KubernetesObject>(object: T): Promise<T> {
    return this.#http.json<T>({
      method: 'PUT',
      path: pathOf(refOf(object)),
      query: { fieldManager },
      body: object,
    });
  }

  merge<T extends KubernetesObject>(ref: Ref, patch: object): Promise<T> {
    return this.#http.json<T>({
      method: 'PATCH',
      path: pathOf(ref),
      query: { fieldManager },
      contentType: 'application/merge-patch+json',
      body: patch,
    });
  }

  async remove(ref: Ref, options: RemoveOptions = {}): Promise<void> {
    const { uid, propagationPolicy = 'Background', ...rest } = options;
    const body = { ...rest, propagationPolicy, ...(uid && { preconditions: { uid } }) };
    try {
      await this.#http.json({ method: 'DELETE', path: pathOf(ref), body });
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
    }
  }

  async *watch<T extends KubernetesObject>(
    of: Collection,
    { signal, ...options }: WatchOptions,
  ): AsyncIterable<WatchEvent<T>> {
    try {
      const path = pathOf(of);
      const query = { ...options, watch: 'true', timeoutSeconds: watchSeconds };
      const events = this.#http.lines<WatchEvent<T> | { type: 'ERROR'; object: Status }>(
        { method: 'GET', path, query },
        signal,
      );
      for await (const event of events) {
        if (event.type === 'ERROR') throw toError(event.object.code ?? 500, event.object);
        yield event;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
