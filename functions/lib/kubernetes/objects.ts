/** How objects are named, and what all of them have. */

/** What identifies one object. `namespace` is left out for cluster-scoped kinds. */
export interface Ref {
  apiVersion: string;
  kind: string;
  namespace?: string | undefined;
  name: string;
}

/** Every object of one kind, in one namespace or (without it) in all. */
export interface Collection {
  apiVersion: string;
  kind: string;
  namespace?: string | undefined;
}

export interface Metadata {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** An object as the API server sends and takes it: JSON, timestamps as RFC 3339 strings. */
export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

/** The reference of an object that has its kind and name. */
export function refOf(object: KubernetesObject): Ref {
  const { name, namespace } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, namespace, name };
}

/** The path of an object or, without a name, of a collection. */
export function pathOf({ apiVersion, kind, namespace, name }: Collection & { name?: string }) {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const tail = name ? `/${encodeURIComponent(name)}` : '';
  return `${root}${scope}/${plural(kind)}${tail}`;
}

/** Kinds follow the rules of English, so that no discovery call is needed. */
function plural(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === 'endpoints') return lower;
  if (lower.endsWith('y')) return `${lower.slice(0, -1)}ies`;
  return /(s|x|ch)$/.test(lower) ? `${lower}es` : `${lower}s`;
}
