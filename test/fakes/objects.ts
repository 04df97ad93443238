import { Conflict } from '../../functions/lib/errors.ts';
import {
  pathOf,
  refOf,
  type Kubernetes,
  type KubernetesObject,
} from '../../functions/lib/kubernetes/client.ts';

/** A Kubernetes edge that holds any objects in memory; enough for code that reads and writes them. */
export class FakeObjects {
  readonly objects = new Map<string, KubernetesObject>();
  /** Every write, as `verb name`. */
  readonly writes: string[] = [];

  constructor(...objects: KubernetesObject[]) {
    for (const object of objects) this.objects.set(pathOf(refOf(object)), object);
  }

  get edge(): Kubernetes {
    return this as unknown as Kubernetes;
  }

  get(ref: Parameters<Kubernetes['get']>[0]): Promise<KubernetesObject | undefined> {
    return Promise.resolve(structuredClone(this.objects.get(pathOf(ref))));
  }

  list(of: Parameters<Kubernetes['list']>[0]): Promise<KubernetesObject[]> {
    const below = `${pathOf(of)}/`;
    const everywhere = `/${pathOf(of).split('/').at(-1) ?? ''}/`;
    const found = [...this.objects].filter(([path]) =>
      of.namespace === undefined ? path.includes(everywhere) : path.startsWith(below),
    );
    return Promise.resolve(found.map(([, object]) => structuredClone(object)));
  }

  async heads(of: Parameters<Kubernetes['heads']>[0]): Promise<KubernetesObject[]> {
    const found = await this.list(of);
    return found.map(({ apiVersion, kind, metadata }) => ({ apiVersion, kind, metadata }));
  }

  create(object: KubernetesObject): Promise<KubernetesObject> {
    if (this.objects.has(pathOf(refOf(object)))) {
      return Promise.reject(new Conflict(`${object.metadata.name} is there`));
    }
    return this.#write('create', object);
  }

  apply(object: KubernetesObject): Promise<KubernetesObject> {
    return this.#write('apply', object);
  }

  remove(ref: Parameters<Kubernetes['remove']>[0]): Promise<void> {
    if (this.objects.delete(pathOf(ref))) this.writes.push(`remove ${ref.name}`);
    return Promise.resolve();
  }

  /** Secrets are stored as the API server does: what comes as text is kept as base64. */
  #write(verb: string, object: KubernetesObject): Promise<KubernetesObject> {
    const { stringData = {}, ...stored } = object as { stringData?: Record<string, string> };
    const encoded = Object.entries(stringData).map(
      ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
    );
    const kept = { ...stored, ...(encoded.length > 0 && { data: Object.fromEntries(encoded) }) };
    this.objects.set(pathOf(refOf(object)), structuredClone(kept) as KubernetesObject);
    this.writes.push(`${verb} ${object.metadata.name}`);
    return Promise.resolve(object);
  }
}
