/**
 * Which file may import what. Dependencies point one way: main -> handler -> domain -> lib; no
 * function knows another, only main.ts makes clients, and each SDK has one owner. Lint asks
 * `fault` about every import; the tables below are all there is to change.
 */
import { dirname, join, relative } from 'node:path/posix';
import type { Rule } from 'eslint';

/** One import of a file: paths from the root of the repository, with slashes. */
export interface Import {
  file: string;
  /** As it is written: `./put.ts`, `express`. */
  from: string;
  /** What is imported by name; empty for a namespace, a default or an effect. */
  names?: readonly string[];
  typeOnly?: boolean;
}

const fabric = ['functions/lib/fabric/'];
/** Requests are made in the one and read in the other. */
const x509 = ['scripts/lib/x509.ts', 'functions/lib/vault/certificate-request.ts'];
const http = [
  'app',
  'call',
  'context',
  'expect',
  'fair',
  'observe',
  'problem',
  'progress',
  'relay',
  'upload',
];
const server = [...http.map((name) => `functions/gateway/${name}.ts`), 'functions/gateway/routes/'];

/** The owners of each package: files, or folders with a slash at their end. No list: everybody. */
const owners: Record<string, readonly string[] | undefined> = {
  zod: undefined,
  '@cedar-policy/cedar-wasm': ['functions/lib/data/access-policy.ts'],
  '@grpc/grpc-js': fabric,
  '@hyperledger/fabric-gateway': [...fabric, 'scripts/bench/peers/fabric.ts'],
  '@hyperledger/fabric-protos': [...fabric, 'fabric-peer-fork/runtime/batches.ts'],
  '@kubernetes/client-node': ['functions/lib/kubernetes/', 'scripts/cli/target.ts'],
  '@peculiar/x509': x509,
  'async-mutex': ['functions/lib/memory.ts'],
  cloudevents: ['functions/lib/events.ts', 'functions/lib/function/'],
  cockatiel: ['functions/lib/data/etcd-faults.ts', 'functions/lib/vault/client.ts'],
  commander: [
    ...['', 'cli/', 'chaos/', 'bench/'].map((room) => `scripts/${room}main.ts`),
    'scripts/lib/terminal.ts',
  ],
  dataloader: ['functions/anchor/book.ts', 'functions/lib/data/etcd-groups.ts'],
  esbuild: ['scripts/cluster/images/bundle.ts'],
  etcd3: ['etcd', 'etcd-faults', 'etcd-groups', 'etcd-users'].map(
    (name) => `functions/lib/data/${name}.ts`,
  ),
  express: ['functions/lib/function/serve.ts', ...server],
  'fabric-contract-api': ['functions/anchor/contract.ts', 'fabric-peer-fork/runtime/'],
  'fabric-shim': ['fabric-peer-fork/runtime/'],
  'google-protobuf': fabric,
  jose: ['functions/lib/function/authentication.ts', 'functions/setup/main.ts'],
  listr2: ['scripts/lib/progress.ts'],
  'lru-cache': ['functions/lib/kubernetes/authorization.ts'],
  minio: ['functions/lib/data/s3.ts'],
  'node-vault': ['functions/lib/vault/exchange.ts'],
  pino: ['functions/lib/log.ts'],
  'prom-client': [
    'functions/lib/function/metrics.ts',
    'functions/gateway/observe.ts',
    'glusterfs/keeper/metrics.ts',
  ],
  'reflect-metadata': x509,
  yaml: ['functions/gateway/spec.ts', 'functions/provisioning/crd.ts', 'scripts/'],
  'zod-openapi': ['functions/gateway/'],
};

interface Room {
  /** A folder, with a slash at its end. */
  room: string;
  /** What of the repository it may know; itself always. */
  knows: readonly string[];
  because: string;
}

const functions = [
  'gateway',
  'provisioning',
  'failover',
  'source',
  'data-put',
  'data-get',
  'keys',
  'setup',
  'anchor',
];

/** In their order: the first that a file is in holds. */
const rooms: readonly Room[] = [
  { room: 'functions/lib/', knows: [], because: 'lib knows no function' },
  ...functions.map((name) => ({
    room: `functions/${name}/`,
    knows: ['functions/lib/'],
    because: 'no function imports another, nor scripts',
  })),
  { room: 'fabric-peer-fork/', knows: [], because: 'the fork stands by itself' },
  {
    room: 'glusterfs/',
    knows: ['functions/lib/', 'scripts/lib/shell.ts'],
    because: 'what keeps the volume knows what others share, and no function',
  },
  {
    room: 'rabbitmq/',
    knows: ['functions/lib/', 'scripts/lib/shell.ts'],
    because: 'what keeps a member knows what others share, and no function',
  },
  { room: 'scripts/lib/', knows: [], because: 'what scripts share knows none of them' },
  {
    room: 'scripts/cli/',
    knows: ['scripts/lib/', 'functions/lib/'],
    because: 'the command line knows neither the local cluster nor a function',
  },
  {
    room: 'scripts/cluster/',
    knows: ['scripts/lib/', 'functions/lib/'],
    because: 'the local cluster knows neither the command line nor a function',
  },
  {
    room: 'scripts/chaos/',
    knows: ['scripts/lib/', 'scripts/cli/', 'scripts/cluster/', 'functions/lib/'],
    because: 'what breaks a cluster knows its command line and its machine, and no function',
  },
  {
    room: 'scripts/bench/',
    knows: ['scripts/lib/', 'scripts/cli/', 'scripts/cluster/', 'functions/lib/'],
    because: 'what measures a cluster knows its command line and where it is, and no function',
  },
  {
    room: 'scripts/',
    knows: ['functions/lib/'],
    because: 'scripts know what functions share, and no function',
  },
];

/** Folders whose files may import all they like. */
const free = ['test/'];

/** Why an import is not allowed, or undefined when it is. */
export function fault(asked: Import): string | undefined {
  if (isIn(asked.file, free) || !asked.file.includes('/')) return undefined;
  if (asked.from.startsWith('node:')) return undefined;
  return asked.from.startsWith('.') ? faultOfPath(asked) : faultOfPackage(asked);
}

function faultOfPackage({ file, from }: Import): string | undefined {
  const parts = from.split('/');
  const name = parts.slice(0, from.startsWith('@') ? 2 : 1).join('/');
  if (!(name in owners)) return `${name} has no owner yet: name it in rooms.config.ts`;
  const allowed = owners[name];
  if (allowed === undefined || isIn(file, allowed)) return undefined;
  return `${name} belongs to ${allowed.join(', ')}`;
}

function faultOfPath(asked: Import): string | undefined {
  const target = join(dirname(asked.file), asked.from);
  return faultOfRoom(asked.file, target) ?? faultOfDirection(asked, target);
}

function faultOfRoom(file: string, target: string): string | undefined {
  const found = rooms.find(({ room }) => file.startsWith(room));
  if (!found || isIn(target, [found.room, ...found.knows])) return undefined;
  return found.because;
}

/** main -> handler -> domain -> lib, in functions. */
function faultOfDirection({ file, names = [], typeOnly }: Import, target: string) {
  if (!file.startsWith('functions/') || file.endsWith('/main.ts')) return undefined;
  if (target.endsWith('/main.ts')) return 'main.ts is where a program begins: nobody imports it';
  if (target.endsWith('/handler.ts')) return 'only main.ts imports the handler';
  const client = names.find((name) => /^connect[A-Z]/.test(name));
  if (client === undefined || typeOnly) return undefined;
  return `only main.ts makes clients: let ${client} be called there`;
}

function isIn(file: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));
}

/** The rule for ESLint; it covers `import`, `export … from` and `import()`. */
export const importRule: Rule.RuleModule = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const file = relative(context.cwd, context.filename);
    const check = (node: Rule.Node, source: unknown, more: Partial<Import> = {}): void => {
      if (typeof source !== 'string') return;
      const message = fault({ file, from: source, ...more });
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => {
        const named = node.specifiers.filter((one) => one.type === 'ImportSpecifier');
        const values = named.filter((one) => !isType(one));
        const names = values.map(({ imported }) => ('name' in imported ? imported.name : ''));
        check(node, node.source.value, { names, typeOnly: isType(node) });
      },
      ExportNamedDeclaration: (node) => check(node, node.source?.value),
      ExportAllDeclaration: (node) => check(node, node.source.value),
      ImportExpression: (node) => check(node, 'value' in node.source ? node.source.value : ''),
    };
  },
};

/** TypeScript's parser says of imports and their parts whether they are types. */
function isType(node: object): boolean {
  return 'importKind' in node && node.importKind === 'type';
}
