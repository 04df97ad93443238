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
import { basename, join, resolve } from 'node:path';

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
  const etcd = 'go.etcd.io/etcd';
  const replace: Record<string, string> = {
    [vendored(`${fabric}/${replaced}/dockercontroller.go`)]: ours('dockercontroller.go'),
    [vendored(`${fabric}/${replaced}/metrics.go`)]: '',
    [vendored(`${etcd}/server/v3/wal/segment.go`)]: ours('_wal/segment.go'),
    // Go starts a package file by file, by name: this one after lock_linux.go, whose choice it takes.
    [vendored(`${etcd}/client/pkg/v3/fileutil/lock_patient.go`)]: ours('_fileutil/lock_patient.go'),
    [vendored(`${fabric}/orderer/consensus/etcdraft/fresh.go`)]: ours('_etcdraft/fresh.go'),
  };
  for (const [path, edits] of Object.entries(fabricEdits)) {
    const theirs = vendored(`${fabric}/${path}`);
    replace[theirs] = await writeEdited(folder, theirs, edits);
  }
  const file = join(folder, 'overlay.json');
  await writeFile(file, JSON.stringify({ Replace: replace }));
  return file;
}

type Edit = readonly [from: string, to: string];

/** A connection that was lost is idle: whoever asks it for a stream waits until it is dialled, however long. */
const probeEdits: readonly Edit[] = [
  [
    '\t\t\tif connState == connectivity.Connecting {\n',
    '\t\t\tif connState == connectivity.Idle {\n\t\t\t\tconn.Connect()\n\t\t\t}\n' +
      '\t\t\tif connState == connectivity.Idle || connState == connectivity.Connecting {\n',
  ],
];

/** What is otherwise than Fabric's, by file; README.md says why. Each text stands there once. */
const fabricEdits: Readonly<Record<string, readonly Edit[]>> = {
  'orderer/consensus/etcdraft/chain.go': [
    ['\t"go.etcd.io/etcd/server/v3/wal"\n', ''],
    ['\tfresh := !wal.Exist(opts.WALDir)\n', ''],
    [
      '\t\tfresh:             fresh,\n',
      '\t\tfresh:             holdsNothing(opts.MemoryStorage),\n',
    ],
    [
      '\tc.rpc.SendSubmit(lead, req, report)\n',
      '\tif err := c.rpc.SendSubmit(lead, req, report); err != nil {\n\t\treturn err\n\t}\n',
    ],
  ],
  'orderer/consensus/etcdraft/storage.go': [
    ['err != io.ErrUnexpectedEOF {\n', '!errors.Is(err, io.ErrUnexpectedEOF) {\n'],
  ],
  'orderer/common/cluster/comm.go': probeEdits,
  'orderer/common/cluster/commauth.go': probeEdits,
  'internal/pkg/comm/config.go': [
    ['MinConnectTimeout: 20 * time.Second,\n', 'MinConnectTimeout: 3 * time.Second,\n'],
  ],
};

async function writeEdited(
  folder: string,
  theirs: string,
  edits: readonly Edit[],
): Promise<string> {
  let text = await readFile(theirs, 'utf8');
  for (const [from, to] of edits) {
    if (text.split(from).length !== 2)
      throw new Error(`${basename(theirs)} does not have ${from.trim()} once`);
    text = text.replace(from, to);
  }
  const file = join(folder, `edited-${basename(theirs)}`);
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
