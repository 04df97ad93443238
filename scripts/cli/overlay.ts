import { mkdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const checkout = fileURLToPath(new URL('../../', import.meta.url));

export interface OverlayOptions {
  /** Folder for what is generated, e.g. `.selvedge`. */
  state: string;
  /** A folder of `knative/overlays`. */
  overlay: string;
  /** Which part of it. */
  part: 'tiers' | 'functions';
  /** Pullable references by the name in manifests (`gateway` for `selvedge/gateway`). */
  images: Record<string, string>;
}

/**
 * Writes the overlay that turns the image names of the manifests into references of a registry.
 *
 * @returns its folder, for `kubectl apply --kustomize`
 */
export async function writeOverlay(options: OverlayOptions): Promise<string> {
  const { state, overlay, part, images } = options;
  const folder = join(state, 'overlay', part);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const base = relative(folder, join(checkout, 'knative', 'overlays', overlay, part));
  await writeFile(join(folder, 'kustomization.yaml'), stringify(kustomization(base, images)));
  await writeFile(join(folder, 'images.yaml'), stringify(imageFields));
  return folder;
}

export function kustomization(base: string, images: Record<string, string>): object {
  return {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [base],
    configurations: ['images.yaml'],
    images: Object.entries(images)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([name, reference]) => ({ name: `selvedge/${name}`, ...parseReference(reference) })),
  };
}

/** Functions that make pods get image references in their environment. */
const imageFields = {
  images: [{ kind: 'Service', path: 'spec/template/spec/containers[]/env[]/value' }],
};

/** The parts of an image reference as kustomize names them; a digest wins over a tag. */
export function parseReference(reference: string): {
  newName: string;
  newTag?: string;
  digest?: string;
} {
  const [name = '', digest] = reference.split('@');
  // A colon before the last slash is a port.
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  const newName = colon < 0 ? name : name.slice(0, colon);
  if (digest !== undefined) return { newName, digest };
  return colon < 0 ? { newName } : { newName, newTag: name.slice(colon + 1) };
}
