/**
 * Bundles what runs in our images: each function becomes one file and the few assets that its
 * libraries read from disk, so that an image holds no node_modules and starts fast.
 */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { build, type BuildOptions, type Plugin } from 'esbuild';

import { forgetOrigin, isFresh, keepOrigin } from './freshness.ts';

const root = resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);

/** Where each image's program begins, from the top of the repository. */
export const entries: Readonly<Record<string, string>> = {
  gateway: 'functions/gateway/main.ts',
  provisioning: 'functions/provisioning/main.ts',
  failover: 'functions/failover/main.ts',
  source: 'functions/source/main.ts',
  'data-put': 'functions/data-put/main.ts',
  'data-get': 'functions/data-get/main.ts',
  keys: 'functions/keys/main.ts',
  setup: 'functions/setup/main.ts',
  glusterfs: 'glusterfs/main.ts',
  rabbitmq: 'rabbitmq/main.ts',
  'chaincode-node': 'fabric-peer-fork/runtime/main.ts',
};

/** The files that make up the package of the anchor chaincode, by their path in it. */
export type PackageFiles = Record<string, string>;

/**
 * etcd3 reads its protocol files from beside its own module; in a bundle they are beside the
 * bundle.
 */
const etcdProtocol: Plugin = {
  name: 'etcd3-protocol',
  setup(bundler) {
    bundler.onLoad({ filter: /etcd3\/lib\/connection-pool\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replace('${__dirname}/../proto/', '${__dirname}/proto/');
      if (contents === source) throw new Error('etcd3 loads its protocol files in another way now');
      return { contents, loader: 'js' };
    });
  },
};

/** Assets by the module whose use of them shows in the bundle's list of inputs. */
const assets: { input: string; from: () => string; to: string }[] = [
  {
    input: 'node_modules/etcd3/lib/connection-pool.js',
    from: () => join(dirname(require.resolve('etcd3/package.json')), 'proto'),
    to: 'proto',
  },
  {
    input: 'node_modules/@cedar-policy/cedar-wasm/nodejs/cedar_wasm.js',
    from: () =>
      join(dirname(require.resolve('@cedar-policy/cedar-wasm/nodejs')), 'cedar_wasm_bg.wasm'),
    to: 'cedar_wasm_bg.wasm',
  },
];

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  metafile: true,
  logLevel: 'silent',
} satisfies BuildOptions;

/** What code that was CommonJS expects to find in a module. */
const commonJs = [
  "import { createRequire as __createRequire } from 'node:module';",
  'const require = __createRequire(import.meta.url);',
  'const __dirname = import.meta.dirname;',
  'const __filename = import.meta.filename;',
].join('\n');

/**
 * Writes the program of an image into a folder: `main.js`, a `package.json` that makes it a
 * module, and its assets. What was in the folder before is gone, unless it was made from the very same
 * files. `provisioning` also gets the chaincode it installs, at `chaincode/anchor`.
 *
 * @param name one of `entries`
 */
export async function bundle(name: string, folder: string): Promise<void> {
  const entry = entries[name];
  if (entry === undefined) throw new Error(`there is no program called ${name}`);
  if (await isFresh(folder, root)) return;
  await forgetOrigin(folder);
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    ...common,
    entryPoints: { main: entry },
    outdir: folder,
    format: 'esm',
    banner: { js: commonJs },
    plugins: [etcdProtocol],
    // Native code for hardware tokens, which fabric-gateway can do without.
    external: ['pkcs11js'],
  });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}\n');
  const used = assets.filter(({ input }) => input in metafile.inputs);
  await Promise.all(used.map(({ from, to }) => cp(from(), join(folder, to), { recursive: true })));
  const anchor =
    name === 'provisioning' ? await bundleAnchor(join(folder, 'chaincode/anchor')) : [];
  const made = [...Object.keys(metafile.inputs), ...anchor, ...always];
  await keepOrigin(folder, root, made);
}

/** What every bundle is made by. */
const always = ['package-lock.json', 'scripts/cluster/images/bundle.ts'];

/** Writes the anchor chaincode's package files into a folder; gives the files they are made from. */
export async function bundleAnchor(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const { files, inputs } = await buildAnchor();
  await Promise.all(
    Object.entries(files).map(([path, content]) => writeFile(join(folder, path), content)),
  );
  return inputs;
}

/** The anchor chaincode as package files. The runtime image brings Fabric's own modules. */
export async function anchorFiles(): Promise<PackageFiles> {
  return (await buildAnchor()).files;
}

async function buildAnchor(): Promise<{ files: PackageFiles; inputs: string[] }> {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: ['functions/anchor/main.ts'],
    write: false,
    format: 'cjs',
    external: ['fabric-contract-api', 'fabric-shim'],
  });
  const [output] = outputFiles;
  if (!output) throw new Error('the anchor chaincode was not bundled');
  const files = {
    'package.json': '{"name":"anchor","version":"1.0.0","main":"index.js"}\n',
    'index.js': output.text,
  };
  return { files, inputs: Object.keys(metafile.inputs) };
}
