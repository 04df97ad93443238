import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { unmountBelow } from '../machine/mounts.ts';
import { hasImage } from './registry.ts';
import { cache, runtime } from '../settings.ts';
import { attempt, run } from '../../lib/shell.ts';

/** What a Containerfile copies from, and what tells its content from any other. */
export interface Context {
  folder: string;
  key: string;
}

/** An image of ours, whose tag is the hash of all that it is made from. */
export interface Image {
  name: string;
  /** The path of its Containerfile. */
  containerfile: string;
  /** Values of the Containerfile's ARGs. */
  args?: Record<string, string>;
  /** The image it builds on, given as the ARG `BASE`. */
  base?: Image;
  /** Whether others build on it, so that the builder keeps it. */
  isBase?: boolean;
  /** Finds or makes what it is built from. */
  context: (progress: (line: string) => void) => Promise<Context>;
}

/** Where images go, and the way there. */
export interface Target {
  /** Host and port of the registry. */
  registry: string;
  /** Whether it speaks TLS: all do but the one on our own bridge. */
  tls: boolean;
}

/** Small files that images share. */
const files = import.meta.dirname;

const storage = join(cache, 'buildah');
const buildah = [
  '--root',
  storage,
  '--runroot',
  join(runtime, 'buildah'),
  '--storage-driver',
  'overlay',
];

/** Makes images and puts them into a registry, each at most once. */
export class ImageStore {
  readonly #target: Target;
  readonly #signal: AbortSignal | undefined;
  readonly #done = new Map<string, Promise<string>>();
  #turns: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];

  constructor(target: Target, signal?: AbortSignal) {
    this.#target = target;
    this.#signal = signal;
  }

  /**
   * Makes sure that the registry has the image.
   * @param progress is told what is being done, if there is something to do
   * @returns the reference to pull it by, such as `10.89.0.1:5000/selvedge/etcd:0123456789abcdef`
   */
  provide(image: Image, progress: (line: string) => void = () => undefined): Promise<string> {
    const known = this.#done.get(image.name);
    if (known) return known;
    const made = this.#provide(image, progress);
    this.#done.set(image.name, made);
    return made;
  }

  async #provide(image: Image, progress: (line: string) => void): Promise<string> {
    const base = image.base === undefined ? undefined : await this.provide(image.base, progress);
    const context = await image.context(progress);
    const tag = await contentHash(image, context, base);
    const repository = `selvedge/${image.name}`;
    const reference = `${this.#target.registry}/${repository}:${tag}`;
    if (await hasImage(this.#target.registry, repository, tag)) return reference;
    await this.#inTurn(async () => {
      progress('building the image');
      await build(image, context, { reference, base, tls: this.#target.tls }, this.#signal);
      progress('pushing the image');
      // Not compressed: nothing of it crosses a wire, and three nodes need not unpack it.
      const tls = `--tls-verify=${this.#target.tls}`;
      const push = ['push', tls, '--disable-compression', reference, `docker://${reference}`];
      await run('buildah', [...buildah, ...push], { timeout: 600_000, signal: this.#signal });
      // The registry has it now.
      if (image.isBase !== true) await attempt('buildah', [...buildah, 'rmi', reference]);
    });
    return reference;
  }

  /** Two at a time: while one is written to the disk, another is read. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const [first = Promise.resolve(), ...others] = this.#turns;
    const mine = first.then(work);
    this.#turns = [...others, mine.catch(() => undefined)];
    return mine;
  }
}

async function build(
  image: Image,
  context: Context,
  { reference, base, tls }: { reference: string; base: string | undefined; tls: boolean },
  signal: AbortSignal | undefined,
): Promise<void> {
  const args = { ...image.args, ...(base === undefined ? {} : { BASE: base }) };
  const command = [
    ...buildah,
    'build',
    '--isolation=chroot',
    `--tls-verify=${tls}`,
    '--timestamp=0', // the same content gives the same digest
    `--build-context=files=${files}`,
    ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
    `--file=${image.containerfile}`,
    `--tag=${reference}`,
    context.folder,
  ];
  await run('buildah', command, { timeout: 600_000, signal });
}

/** The builder leaves a mount behind, which it would only use again. */
export async function leaveNoMounts(): Promise<void> {
  await unmountBelow([storage, join(runtime, 'buildah')]);
}

async function contentHash(image: Image, context: Context, base = ''): Promise<string> {
  const hash = createHash('sha256');
  const parts = [
    await readFile(image.containerfile, 'utf8'),
    JSON.stringify(image.args ?? {}),
    base.slice(base.lastIndexOf(':')),
    context.key,
    await readFile(join(files, 'passwd'), 'utf8'),
    await readFile(join(files, 'group'), 'utf8'),
  ];
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}
