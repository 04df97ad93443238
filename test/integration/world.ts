/** Both data functions over real stores, with a ledger that is a map. */
import type { ExecutionContext } from 'ava';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { createChain } from '../../functions/data-get/chain.ts';
import { createCiphertexts } from '../../functions/data-get/ciphertext.ts';
import { list } from '../../functions/data-get/list.ts';
import { content, head, receipt, type ReceiptView } from '../../functions/data-get/get.ts';
import { policyInForce } from '../../functions/data-get/policy.ts';
import { versions, type Page } from '../../functions/data-get/versions.ts';
import type { AuditFact, Deps as GetDeps, GetRequest } from '../../functions/data-get/deps.ts';
import { eraseDatum } from '../../functions/data-put/erasure.ts';
import { createGroupCommit } from '../../functions/data-put/group-commit.ts';
import { createOutbox } from '../../functions/data-put/outbox.ts';
import type { Deps as PutDeps } from '../../functions/data-put/deps.ts';
import { putPolicy, type PolicyChange } from '../../functions/data-put/policy.ts';
import { putBatch, type Item } from '../../functions/data-put/batch.ts';
import { put } from '../../functions/data-put/put.ts';
import { sweep, type Swept } from '../../functions/data-put/sweep.ts';
import type { Deps as KeyDeps } from '../../functions/keys/deps.ts';
import type { Caller } from '../../functions/lib/function/authentication.ts';
import type { Conditions } from '../../functions/lib/conditions.ts';
import type { DataList, Receipt, Tier, VersionList } from '../../functions/lib/events.ts';
import { keys, prefixes } from '../../functions/lib/data/datum.ts';
import { connectEtcd, type Etcd } from '../../functions/lib/data/etcd.ts';
import { createKeys } from '../../functions/lib/data/keys.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { createMemory } from '../../functions/lib/memory.ts';
import { createMetadata } from '../../functions/lib/data/metadata.ts';
import type { OutboxEntry } from '../../functions/lib/data/model.ts';
import { connectObjects } from '../../functions/lib/data/objects.ts';
import { decide, validate } from '../../functions/lib/data/access-policy.ts';
import { createNames, type Names } from '../../functions/lib/data/names.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { createIncarnations } from '../../functions/lib/vault/incarnations.ts';
import { createKeyWorks } from '../../functions/lib/vault/key-work.ts';
import { createNameKeys } from '../../functions/lib/vault/name-keys.ts';
import { createUserKeys } from '../../functions/lib/vault/user-keys.ts';
import { createUserNotes } from '../../functions/lib/vault/user-notes.ts';
import { fakeLedger, type FakeLedger } from '../fakes/ledger.ts';
import { startEtcd, startMinio, startVault } from './harness.ts';
import type { EtcdServer, MinioServer, VaultServer } from './harness.ts';

export interface World {
  etcdServer: EtcdServer;
  minio: MinioServer;
  vault: VaultServer;
  etcd: Etcd;
  ledger: FakeLedger;
  names: Names;
  putDeps: PutDeps;
  getDeps: GetDeps;
  keyDeps: KeyDeps;
  /** What the Broker was told of keys. */
  told: { id: string; type: string; data?: unknown }[];
  announced: OutboxEntry[];
  audit: AuditFact[];
  /** How far the clock of the functions is ahead, in milliseconds. */
  ahead: { ms: number };
  put: (key: string, body: Buffer | Readable, options?: PutOptions) => Promise<Receipt>;
  /** Puts a batch, of NDJSON or of keys with their records. */
  batch: (
    body: Buffer | Record<string, unknown>,
    options?: Pick<PutOptions, 'who' | 'id' | 'signal' | 'deps'>,
  ) => Promise<Item[]>;
  get: (key: string, options?: GetOptions) => Promise<Buffer>;
  verify: (key: string, options?: GetOptions) => Promise<ReceiptView>;
  versions: (key: string, page?: Partial<Page>, options?: GetOptions) => Promise<VersionList>;
  list: (page?: ListOptions) => Promise<DataList>;
  /** Puts a policy in force. */
  restrict: (key: string, text: string, options?: PolicyOptions) => Promise<PolicyChange>;
  /** The policy in force. */
  policy: (key: string, options?: GetOptions) => Promise<string>;
  /** Erases a datum; gives the transaction. */
  erase: (key: string, options?: Pick<PutOptions, 'who' | 'deps'>) => Promise<string>;
  sweep: (deps?: PutDeps) => Promise<Swept & { events: OutboxEntry[] }>;
  stop: () => Promise<void>;
}

export interface PutOptions {
  who?: string;
  id?: string;
  tier?: Tier;
  contentType?: string;
  conditions?: Conditions;
  signal?: AbortSignal;
  deps?: PutDeps;
}

export interface PolicyOptions {
  who?: string;
  ifMatch?: string;
  deps?: PutDeps;
}

export interface ListOptions {
  who?: string;
  prefix?: string;
  limit?: number;
  cursor?: string | undefined;
}

export interface GetOptions {
  who?: string;
  version?: number;
}

const MiB = 1024 ** 2;

export const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };

export const caller = (name: string): Caller => ({
  id: `id-${name}`,
  issuer: 'https://issuer.test',
  subject: name,
  username: name,
  groups: [],
});

export async function startWorld(): Promise<World> {
  const [etcdServer, minio, vault] = await Promise.all([startEtcd(), startMinio(), startVault()]);
  const etcd = connectEtcd(etcdServer.options);
  const etcdInGroups = connectEtcd({ ...etcdServer.options, inGroups: true });
  const metadata = createMetadata(etcdInGroups);
  const objects = connectObjects({ ...minio.options, partSize: 5 * 1024 * 1024 });
  const ledger = fakeLedger();
  const nameKeys = createNameKeys(connectVault(vault.as('provisioning')));
  const namesFor = (role: 'data-put' | 'data-get'): Names => {
    const keysOfRole = createNameKeys(connectVault(vault.as(role)));
    // As provisioning does, before anybody can put.
    const read = (incarnation: string) =>
      nameKeys.make(incarnation).then(() => keysOfRole.read(incarnation));
    return createNames({ read });
  };
  const names = namesFor('data-put');
  const namesOfReader = namesFor('data-get');
  const announced: OutboxEntry[] = [];
  const audit: AuditFact[] = [];
  const ahead = { ms: 0 };
  const now = (): Date => new Date(Date.now() + ahead.ms);
  const putDeps: PutDeps = {
    metadata,
    objects,
    keys: createKeys(connectVault(vault.as('data-put'))),
    names,
    networks: ledger.ledgers,
    chain: createGroupCommit(ledger.ledgers),
    incarnations: createIncarnations(connectVault(vault.as('data-put'))),
    memory: { whole: createMemory(96 * MiB), going: createMemory(288 * MiB) },
    decide,
    validate,
    announce: (event) => void announced.push(event),
    now,
  };
  const getDeps: GetDeps = {
    networks: ledger.ledgers,
    metadata: createMetadata(etcd),
    keys: createKeys(connectVault(vault.as('data-get'))),
    chain: createChain(ledger.ledgers, namesOfReader),
    names: namesOfReader,
    ciphertexts: createCiphertexts({ metadata: createMetadata(etcd), objects }),
    decide,
    audit: (fact) => void audit.push(fact),
  };
  const keyVault = connectVault(vault.as('keys'));
  const told: World['told'] = [];
  const keyDeps: KeyDeps = {
    keys: createUserKeys(keyVault),
    notes: createUserNotes(keyVault),
    works: createKeyWorks(keyVault),
    metadata,
    broker: { send: (event) => Promise.resolve(void told.push(event)) },
    now,
  };
  const log = createLogger('test');
  log.level = 'silent';

  const request = (key: string, { who = 'alice', version }: GetOptions) => ({
    ref: { ...network, key },
    caller: caller(who),
    version,
  });
  return {
    ...{
      etcdServer,
      minio,
      vault,
      etcd,
      ledger,
      names,
      putDeps,
      getDeps,
      keyDeps,
      told,
      announced,
      audit,
      ahead,
    },

    put: async (key, body, { deps = putDeps, ...options } = {}) =>
      put(deps, {
        ref: { ...(await deps.networks.find(network)), key },
        caller: caller(options.who ?? 'alice'),
        id: options.id ?? randomUUID(),
        tier: options.tier,
        conditions: options.conditions ?? {},
        contentType: options.contentType ?? 'application/json',
        body: Buffer.isBuffer(body) ? Readable.from([body]) : body,
        signal: options.signal ?? new AbortController().signal,
      }),

    batch: async (body, { deps = putDeps, who = 'alice', ...options } = {}) =>
      putBatch(
        deps,
        {
          network: await deps.networks.find(network),
          caller: caller(who),
          id: options.id ?? randomUUID(),
          body: Readable.from([Buffer.isBuffer(body) ? body : ndjson(body)]),
          signal: options.signal ?? new AbortController().signal,
        },
        (_key, one) => one,
      ),

    get: async (key, options = {}) => buffer(await opened(getDeps, request(key, options))),

    verify: (key, options = {}) => receipt(getDeps, request(key, options)),

    versions: (key, { limit = 20, before } = {}, options = {}) =>
      versions(getDeps, request(key, options), { limit, before }),

    list: ({ who = 'alice', prefix = '', limit = 20, cursor } = {}) =>
      list(getDeps, { network, caller: caller(who), prefix, limit, cursor }),

    restrict: (key, text, { who = 'alice', ifMatch, deps = putDeps } = {}) =>
      putPolicy(deps, { ref: { ...network, key }, caller: caller(who), text, ifMatch }),

    policy: async (key, options = {}) =>
      (await policyInForce(getDeps, request(key, options))).policy,

    erase: (key, { who = 'alice', deps = putDeps } = {}) =>
      eraseDatum(deps, { ref: { ...network, key }, caller: caller(who) }),

    sweep: async (deps = putDeps) => {
      const events: OutboxEntry[] = [];
      const broker = {
        send: (event: { data?: unknown }) => {
          events.push(event as unknown as OutboxEntry);
          return Promise.resolve();
        },
      };
      const outbox = createOutbox({ metadata: deps.metadata, broker, now }, log);
      return { ...(await sweep(deps, outbox, log)), events };
    },

    stop: async () => {
      etcd.close();
      etcdInGroups.close();
      await Promise.all([etcdServer.stop(), minio.stop(), vault.stop()]);
    },
  };
}

/** The lines of a batch. */
export function ndjson(records: Record<string, unknown>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => JSON.stringify({ key, value }));
  return Buffer.from(lines.join('\n'));
}

/** The plaintext of a version, as a get opens it. */
export async function opened(deps: GetDeps, request: GetRequest): Promise<Readable> {
  return content(deps, request, await head(deps, request));
}

/** What the stores hold of a datum. */
export async function traces(world: World, key: string) {
  const ref = { ...network, key };
  const datum = await world.etcd.get(keys.datum(ref));
  const intents: string[] = [];
  for await (const { value } of world.putDeps.metadata.intents()) {
    if (value.key === key) intents.push(value.state);
  }
  const anchored = world.ledger.versionsOf(await world.names.idOf(ref));
  return { datum: datum !== undefined, intents, anchored };
}

/** How many puts have their ciphertext whole and wait for the chain. */
export async function storedIntents({ putDeps }: World): Promise<number> {
  let count = 0;
  for await (const { value } of putDeps.metadata.intents()) if (value.state === 'stored') count++;
  return count;
}

export async function sweepLater(world: World, ms: number) {
  world.ahead.ms += ms;
  try {
    return await world.sweep();
  } finally {
    world.ahead.ms -= ms;
  }
}

/**
 * Every record and object is the ciphertext of a version that readers see, and no policy or erasure is on its
 * way.
 */
export async function noOrphans(
  t: ExecutionContext,
  { etcd, minio }: Pick<World, 'etcd' | 'minio'>,
): Promise<void> {
  const seen = new Set<string>();
  for (const { value } of await etcd.list('selvedge/v1/versions/', 1000)) {
    seen.add((JSON.parse(value.toString()) as { index: string }).index);
  }
  for (const { key } of await etcd.list('selvedge/v1/records/', 1000)) {
    t.true(seen.has(`etcd://${key}`), key);
  }
  t.deepEqual(await etcd.list(prefixes.proposals, 1000), []);
  t.deepEqual(await etcd.list(prefixes.erasures, 1000), []);
  const objects = await minio.client().listObjectsV2('selvedge', '', true).toArray();
  for (const { name } of objects as { name: string }[])
    t.true(seen.has(`minio://selvedge/${name}`), name);
}
