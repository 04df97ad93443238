/**
 * Builds Fabric's peer with our chaincode launcher, and Fabric's own orderer from the same module:
 * `node fabric-peer-fork/build.ts OUTDIR` leaves `peer`, `orderer`, `core.yaml` and `orderer.yaml` there.
 *
 * The launcher takes the place of one package of Fabric through `go build -overlay`. The overlay of a module in
 * the module cache is refused, that of a vendored one is not, so everything is vendored into a temporary folder
 * and the checkout stays clean.
 */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const fabric = 'github.com/hyperledger/fabric';
const version = '3.1.1-selvedge';
const replaced = 'core/container/dockercontroller';
const sources = ['go.mod', 'go.sum', 'tools.go', 'launcher', 'relay', 'patience', 'overlay'];

/** Runs Go in a folder, and gives what it printed. Its messages go to this process's own standard error. */
async function go(folder: string, args: string[]): Promise<string> {
  const child = spawn('go', args, {
    cwd: folder,
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const printed: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
  await new Promise<void>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`go ${args.slice(0, 2).join(' ')} ended with ${String(code)}`));
    });
  });
  return Buffer.concat(printed).toString().trim();
}

/** Puts our files in the place of others or beside them; an empty name removes a file. */
async function writeOverlay(folder: string): Promise<string> {
  const vendored = (path: string): string => join(folder, 'vendor', path);
  const ours = (path: string): string => join(folder, 'overlay', path);
  const etcdraft = `${fabric}/orderer/consensus/etcdraft`;
  const etcd = 'go.etcd.io/etcd';
  const replace = {
    [vendored(`${fabric}/${replaced}/dockercontroller.go`)]: ours('dockercontroller.go'),
    [vendored(`${fabric}/${replaced}/metrics.go`)]: '',
    [vendored(`${etcd}/server/v3/wal/segment.go`)]: ours('_wal/segment.go'),
    // Go starts a package file by file, by name: this one after lock_linux.go, whose choice it takes.
    [vendored(`${etcd}/client/pkg/v3/fileutil/lock_patient.go`)]: ours('_fileutil/lock_patient.go'),
    [vendored(`${etcdraft}/fresh.go`)]: ours('_etcdraft/fresh.go'),
    [vendored(`${etcdraft}/chain.go`)]: await writeChain(folder, vendored(`${etcdraft}/chain.go`)),
  };
  const file = join(folder, 'overlay.json');
  await writeFile(file, JSON.stringify({ Replace: replace }));
  return file;
}

/** What an orderer of Raft does otherwise: it is new when its log holds nothing, not only when there is none. */
const chainEdits = [
  ['\t"go.etcd.io/etcd/server/v3/wal"\n', ''],
  ['\tfresh := !wal.Exist(opts.WALDir)\n', ''],
  ['\t\tfresh:             fresh,\n', '\t\tfresh:             holdsNothing(opts.MemoryStorage),\n'],
] as const;

async function writeChain(folder: string, theirs: string): Promise<string> {
  let text = await readFile(theirs, 'utf8');
  for (const [from, to] of chainEdits) {
    if (text.split(from).length !== 2)
      throw new Error(`chain.go does not have ${from.trim()} once`);
    text = text.replace(from, to);
  }
  const file = join(folder, 'chain.go');
  await writeFile(file, text);
  return file;
}

async function compile(folder: string, outdir: string): Promise<void> {
  await go(folder, ['mod', 'vendor']);
  const overlay = await writeOverlay(folder);
  await go(folder, [
    'build',
    '-mod=vendor',
    `-overlay=${overlay}`,
    '-trimpath',
    `-ldflags=-s -w -X ${fabric}/common/metadata.Version=${version}`,
    '-o',
    `${outdir}/`,
    `${fabric}/cmd/orderer`,
    `${fabric}/cmd/peer`,
  ]);
}

/**
 * Copies Fabric's sample configuration, whose values the environment overrides. Its one external builder is left
 * out: our image does not hold it, and the peer would report a failed detection for every package.
 */
async function copyConfiguration(folder: string, outdir: string): Promise<void> {
  const module = await go(folder, ['list', '-mod=mod', '-m', '-f', '{{.Dir}}', fabric]);
  const core = await readFile(join(module, 'sampleconfig', 'core.yaml'), 'utf8');
  const builders = /^ {2}externalBuilders:\n(?: {4}.*\n)+/m;
  if (!builders.test(core)) throw new Error('core.yaml has no externalBuilders where expected');
  await writeFile(join(outdir, 'core.yaml'), core.replace(builders, '  externalBuilders: []\n'));
  const orderer = await readFile(join(module, 'sampleconfig', 'orderer.yaml'));
  await writeFile(join(outdir, 'orderer.yaml'), orderer);
}

async function build(outdir: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-peer-'));
  try {
    await mkdir(outdir, { recursive: true });
    for (const source of sources) {
      await cp(join(import.meta.dirname, source), join(folder, source), { recursive: true });
    }
    await compile(folder, outdir);
    await copyConfiguration(folder, outdir);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const outdir = process.argv[2];
if (outdir === undefined) {
  console.error('usage: node fabric-peer-fork/build.ts OUTDIR');
  process.exitCode = 2;
} else {
  await build(resolve(outdir));
}
