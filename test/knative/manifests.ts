/** The objects that the manifests under `knative/` hold, each with the file that it is from. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

export interface Manifest {
  /** The path below `knative/`. */
  file: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
}

const root = join(import.meta.dirname, '../../knative');

/** All but what kustomize alone reads, and the patches of overlays. */
export function manifests(): Manifest[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => /\.yaml$/.test(file) && !/kustomization|minio-root-drive/.test(file))
    .sort()
    .flatMap((file) => documents(file));
}

export function ofKind<T extends Manifest>(...kinds: string[]): T[] {
  return manifests().filter(({ kind }) => kinds.includes(kind)) as T[];
}

function documents(file: string): Manifest[] {
  const text = readFileSync(join(root, file), 'utf8');
  return parseAllDocuments(text, { version: '1.1' })
    .map((document) => document.toJS() as Omit<Manifest, 'file'> | null)
    .filter((object) => object !== null)
    .map((object) => ({ ...object, file }));
}
