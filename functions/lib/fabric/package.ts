/** Chaincode packages for the lifecycle: a gzipped tar of `metadata.json` and `code.tar.gz`. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { BadRequest } from '../errors.ts';
import { tar } from './tar.ts';

/** JavaScript run by our runtime image, or a container image of the user's, by digest. */
export type PackageSpec =
  | { label: string; type: 'node'; files: Readonly<Record<string, string | Uint8Array>> }
  | { label: string; type: 'image'; image: string };

export interface ChaincodePackage {
  label: string;
  /** `label:sha256` of the bytes: the name peers give an installed package. */
  packageId: string;
  bytes: Buffer;
}

const labelText = /^[A-Za-z0-9][A-Za-z0-9_.+-]*$/;
const imageText = /^[^\s@]+@sha256:[0-9a-f]{64}$/;

/**
 * A package whose bytes, and so its id, depend on nothing but the spec.
 * Throws BadRequest for a label Fabric refuses, an image without digest, or no files.
 */
export function chaincodePackage(spec: PackageSpec): ChaincodePackage {
  const { label, type } = spec;
  if (!labelText.test(label)) throw new BadRequest(`'${label}' is no label of a package`);
  const bytes = archive({
    'code.tar.gz': archive(contents(spec)),
    'metadata.json': JSON.stringify({ label, path: '', type }),
  });
  const digest = createHash('sha256').update(bytes).digest('hex');
  return { label, packageId: `${label}:${digest}`, bytes };
}

function contents(spec: PackageSpec): Readonly<Record<string, string | Uint8Array>> {
  if (spec.type === 'image') {
    if (!imageText.test(spec.image)) {
      throw new BadRequest(`the image '${spec.image}' must be named by its digest`);
    }
    return { 'image.json': JSON.stringify({ image: spec.image }) };
  }
  if (Object.keys(spec.files).length === 0) throw new BadRequest('a package needs a file');
  return spec.files;
}

/** gzip's header as Node writes it holds no name and no time, but the system: set to "unknown". */
function archive(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  const zipped = gzipSync(tar(files), { level: 9 });
  zipped[9] = 255;
  return zipped;
}
