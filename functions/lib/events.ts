/**
 * Every CloudEvent Selvedge receives or sends: its type and the schema of what it carries.
 * This file is the contract with other workloads; types carry a version and are never changed
 * in a way that breaks a reader.
 *
 * Names are `dev.selvedge.<noun>.<past tense or verb>.v1` (CloudEvents 1.0, section 3.1).
 */
import { randomUUID } from 'node:crypto';
import { CloudEvent } from 'cloudevents';
import { z } from 'zod';
import type { Anchored, Head } from './data/fact.ts';
import type { KubernetesObject } from './kubernetes/client.ts';
import { failoverAction, networkState } from './network/told.ts';
import { objectName, organizationName } from './network/shape.ts';
import { keyRotated } from './user-key.ts';

/**
 * What is not printable: controls, line and paragraph separators, marks that are not seen (bidirectional
 * ones, byte order), and the code point that Fabric keeps for itself. Ranges, not classes of Unicode:
 * these change with its version, and few who read the description know them. Halves of pairs are no
 * characters, and engines that are not JavaScript's refuse a pattern that names them.
 */
const unprintable =
  '\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f' +
  '\\ufeff\\ufff9-\\ufffb\\ufffe\\uffff\u{10ffff}';
/** Neither empty nor `.` nor `..`. */
const segment = `(?:[^/.${unprintable}]|\\.[^/.${unprintable}]|\\.\\.[^/${unprintable}])[^/${unprintable}]*`;

/** A datum's key: 1 to 512 printable characters, no `.` or `..` as a path segment. */
export const dataKey = z
  .string()
  .regex(
    new RegExp(`^${segment}(?:/${segment})*$`, 'u'),
    'must be printable, with no empty, "." or ".." path segment',
  )
  .refine((key) => key.isWellFormed(), 'must be printable')
  // Characters, as the description means it; pairs of units count once.
  .refine((key) => Array.from(key).length <= 512, 'must have at most 512 characters')
  .meta({ minLength: 1, maxLength: 512 });

/** Where a datum is kept: `record` in etcd, `object` in MinIO. */
export const tier = z.enum(['record', 'object']);
export type Tier = z.infer<typeof tier>;

/**
 * `sha256:` and 64 hexadecimal digits. That of a version is the tree hash of its ciphertext (data/leaves.ts), as
 * its format says.
 */
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** The positive number of a datum's version; text in headers, a number in JSON. */
export const dataVersion = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** A caller's token for an idempotent put: 1 to 128 visible ASCII characters. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1-128 visible ASCII');

/** What a caller gets for a stored datum. `size` counts plaintext bytes. */
export const receipt = z.object({
  network: objectName,
  key: dataKey,
  version: z.number().int().min(1),
  tier,
  index: z.string().regex(/^(minio|etcd):\/\/.+/),
  digest,
  size: z.number().int().min(0),
  owner: z.string(),
  transactionId: z.string(),
  block: z.number().int().min(0),
  createdAt: z.iso.datetime(),
});
export type Receipt = z.infer<typeof receipt>;

/** What the chain keeps of a version, as it is described to callers. `size` counts ciphertext bytes. */
export const anchored = z.object({
  kind: z.literal('version'),
  id: z.string(),
  incarnation: z.string(),
  index: z.string(),
  digest,
  size: z.number().int().min(0),
  owner: z.string(),
  format: z.string(),
  policy: digest,
  meta: digest,
  version: z.number().int().min(1),
  transactionId: z.string(),
} satisfies Record<keyof Anchored, z.ZodType>);

/** A version in a list: by the chain, but for what its record in etcd says and the chain supports. */
export const listedVersion = z.object({
  version: z.number().int().min(1),
  tier: tier.optional(),
  digest,
  /** Bytes of plaintext. */
  size: z.number().int().min(0).optional(),
  transactionId: z.string(),
  /** That of the transaction; left out where no peer knows it now. */
  block: z.number().int().min(0).optional(),
  /** Left out, as is `createdAt`, where the record is missing or belied by the chain. */
  contentType: z.string().optional(),
  createdAt: z.iso.datetime().optional(),
  verified: z.boolean().meta({
    description:
      'Whether the record in etcd, the transaction and what the chain keeps agree; the ciphertext is not read',
  }),
});
export type ListedVersion = z.infer<typeof listedVersion>;

/** A page of versions, newest first. */
export const versionList = z.object({
  items: z.array(listedVersion),
  next: z
    .string()
    .optional()
    .meta({ description: 'The `cursor` of the next page; left out on the last' }),
});
export type VersionList = z.infer<typeof versionList>;

/** A datum in a list of the caller's own, with the number of its current version, by the chain. */
export const listedDatum = z.object({ key: dataKey, version: z.number().int().min(1) });
export type ListedDatum = z.infer<typeof listedDatum>;

/** A page of data, in the order of their percent-encoded keys. */
export const dataList = z.object({
  items: z.array(listedDatum),
  next: z.string().optional().meta({
    description: 'The `cursor` of the next page, also of an empty one; left out on the last',
  }),
});
export type DataList = z.infer<typeof dataList>;

/** What keys may begin with. */
export const keyPrefix = z
  .string()
  .regex(new RegExp(`^[^${unprintable}]{0,512}$`, 'u'), 'must be printable')
  .refine((prefix) => prefix.isWellFormed(), 'must be printable');

/** Where a page of data begins: opaque to callers. */
export const dataCursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,4096}$/, 'must be the `next` of a page');

/** The most items of one page, and as many as there are when nobody says. */
export const pageSize = { most: 100, usual: 20 };
const pageLimit = z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.usual);

/** What of a datum counts now, by the chain. */
export const head = z.object({
  owner: z.string(),
  version: z.number().int().min(1),
  policy: digest,
  edition: z.number().int().min(1),
  erased: z.boolean(),
} satisfies Record<keyof Head, z.ZodType>);

/** What a caller gets for a policy that is in force. */
export const policyReceipt = z.object({
  network: objectName,
  key: dataKey,
  /** The number of the policy: the first came with the first version. */
  edition: z.number().int().min(1),
  /** Of the Cedar text, as the chain has it. */
  policy: digest,
});
export type PolicyReceipt = z.infer<typeof policyReceipt>;

/** The headers that say which policy is in force; the entity tag is its edition. */
export function policyHeaders({
  edition,
  policy,
}: Pick<PolicyReceipt, 'edition' | 'policy'>): Record<string, string> {
  return {
    ETag: `"${edition}"`,
    'Selvedge-Edition': String(edition),
    'Selvedge-Policy': policy,
  };
}

/** `If-Match` (RFC 9110, section 13.1.1): `*`, or a list of entity tags. What is neither matches nothing. */
export const entityTags = z.string().meta({ examples: ['"1"'] });

/**
 * `Range` (RFC 9110, section 14.2). What is no single range of bytes is as if it were not there. The example
 * leaves nothing out: a part of what is JSON is none, to who tries it.
 */
export const byteRange = z.string().meta({ examples: ['bytes=0-'] });

/** `If-None-Match` of a put: only where there is no version. */
export const anyVersion = z.literal('*');

/** The data of a check: whether who has a token with such claims might act on the datum now. */
export const policyQuestion = z.strictObject({
  caller: z.strictObject({
    sub: z.string().min(1).max(255),
    groups: z.array(z.string().max(255)).max(100).optional(),
  }),
  action: z.enum(['read', 'write']),
});
export type PolicyQuestion = z.infer<typeof policyQuestion>;

/** What the policy in force decides, and why. */
export const policyDecision = z.object({
  allowed: z.boolean(),
  /** The policies that made it, by their names. */
  policies: z.array(z.string()),
  reason: z.string(),
});

/** CloudEvents extension attributes of the requests that come as events. */
export const requests = {
  'dev.selvedge.data.put.v1': z.object({
    network: objectName,
    key: dataKey,
    idempotencykey: idempotencyKey.optional(),
    tier: tier.optional(),
    ifmatch: entityTags.optional(),
    ifnonematch: anyVersion.optional(),
  }),
  'dev.selvedge.batch.put.v1': z.object({
    network: objectName,
    idempotencykey: idempotencyKey.optional(),
  }),
  'dev.selvedge.data.get.v1': z.object({
    network: objectName,
    key: dataKey,
    dataversion: dataVersion.optional(),
    view: z.enum(['content', 'head', 'receipt', 'policy']).default('content'),
    ifmatch: entityTags.optional(),
    ifnonematch: entityTags.optional(),
    range: byteRange.optional(),
    ifrange: z.string().optional(),
  }),
  'dev.selvedge.data.list.v1': z.object({
    network: objectName,
    prefix: keyPrefix.default(''),
    limit: pageLimit,
    cursor: dataCursor.optional(),
  }),
  'dev.selvedge.versions.list.v1': z.object({
    network: objectName,
    key: dataKey,
    limit: pageLimit,
    /** Only versions with a lower number. */
    before: dataVersion.optional(),
  }),
  'dev.selvedge.data.erase.v1': z.object({ network: objectName, key: dataKey }),
  'dev.selvedge.policy.put.v1': z.object({
    network: objectName,
    key: dataKey,
    ifmatch: entityTags.optional(),
  }),
  'dev.selvedge.policy.check.v1': z.object({ network: objectName, key: dataKey }),
  'dev.selvedge.data.sweep.v1': z.object({}),
  'dev.selvedge.key.get.v1': z.object({}),
  'dev.selvedge.key.rotate.v1': z.object({}),
  'dev.selvedge.key.destroy.v1': z.object({}),
  'dev.selvedge.key.sweep.v1': z.object({}),
  'dev.selvedge.identity.issue.v1': z.object({
    network: objectName,
    organization: organizationName,
  }),
  'dev.selvedge.connection.get.v1': z.object({
    network: objectName,
    organization: organizationName,
  }),
} as const;
export type RequestType = keyof typeof requests;
export type RequestOf<T extends RequestType> = z.infer<(typeof requests)[T]>;

/** Extension attributes of the events that functions send to themselves through the Broker. */
export const controls = {
  'dev.selvedge.network.resync.v1': z.object({ network: objectName }),
} as const;

/** What serves at an address that may fall silent; `ingress` is what stands before the functions. */
export const memberKind = z.enum(['etcd', 'minio', 'vault', 'peer', 'orderer', 'ingress']);
export type MemberKind = z.infer<typeof memberKind>;

/** The data of events that are sent straight to one function: the Broker may be what is broken. */
export const reports = {
  'dev.selvedge.member.suspected.v1': z.object({
    kind: memberKind,
    /** `https://host:port`, or `http://host:port`, as the observer reaches it. */
    address: z.url(),
    /** The function that got no answer. */
    observer: z.string().min(1),
    /** When it first got none. */
    since: z.iso.datetime(),
  }),
} as const;
export type Suspected = z.infer<(typeof reports)['dev.selvedge.member.suspected.v1']>;

/** The data of the events Selvedge sends to the Broker. */
export const results = {
  'dev.selvedge.network.ready.v1': networkState,
  'dev.selvedge.network.degraded.v1': networkState,
  'dev.selvedge.network.failed.v1': networkState,
  'dev.selvedge.data.stored.v1': receipt,
  'dev.selvedge.data.erased.v1': z.object({
    network: objectName,
    key: dataKey,
    owner: z.string(),
    erasedAt: z.iso.datetime(),
  }),
  'dev.selvedge.data.rejected.v1': z.object({
    network: objectName,
    key: dataKey,
    version: z.number().int().min(1),
    reason: z.string(),
  }),
  'dev.selvedge.key.rotated.v1': keyRotated,
  'dev.selvedge.failover.started.v1': failoverAction,
  'dev.selvedge.failover.completed.v1': failoverAction,
} as const;
export type ResultType = keyof typeof results;
export type ResultOf<T extends ResultType> = z.infer<(typeof results)[T]>;

/**
 * A result event, checked against its schema.
 *
 * @param subject what it is about, e.g. `supply/readings/42`
 * @param id give one where the same fact may be told twice: receivers drop the second
 * @throws ZodError when the data is not what the type promises
 */
export function resultEvent<T extends ResultType>(
  type: T,
  source: string,
  subject: string,
  data: ResultOf<T>,
  id: string = randomUUID(),
): CloudEvent<ResultOf<T>> {
  const checked = results[type].parse(data) as ResultOf<T>;
  return new CloudEvent({
    type,
    source,
    subject,
    id,
    datacontenttype: 'application/json',
    data: checked,
  });
}

/**
 * Wakes `provisioning` for one network. The same tick of the clock told twice gives the same event.
 *
 * @param tick the id of the clock's event
 */
export function resyncEvent(network: string, tick: string): CloudEvent<object> {
  return new CloudEvent({
    type: 'dev.selvedge.network.resync.v1' satisfies keyof typeof controls,
    source: '/selvedge/provisioning',
    id: `${tick}/${network}`,
    // The Trigger of provisioning picks events by `wakes`; `network` says which one is meant.
    wakes: 'provisioning',
    network,
    datacontenttype: 'application/json',
    data: {},
  });
}

/** What the types of events about Kubernetes objects begin with, as Knative's ApiServerSource has them. */
export const resourceType = 'dev.knative.apiserver.resource.';

/** What happened to an object; their types end with it. */
export type ResourceVerb = 'add' | 'update' | 'delete';

/**
 * Says of a Kubernetes object that it was added, updated or deleted, with types and data as Knative's ApiServerSource
 * has them.
 *
 * @param wakes the function whose Trigger picks it
 */
export function resourceEvent<T extends KubernetesObject>(
  verb: ResourceVerb,
  wakes: string,
  object: T,
): CloudEvent<T> {
  const { kind, metadata } = object;
  const { namespace, name } = metadata;
  return new CloudEvent({
    type: `${resourceType}${verb}`,
    source: '/selvedge/source',
    subject: [...(namespace === undefined ? [] : [namespace]), kind, name].join('/'),
    id: randomUUID(),
    wakes,
    datacontenttype: 'application/json',
    data: object,
  });
}

/** Tells `failover` of an address that does not answer. */
export function suspectedEvent(suspected: Suspected): CloudEvent<Suspected> {
  const type = 'dev.selvedge.member.suspected.v1' satisfies keyof typeof reports;
  return new CloudEvent({
    type,
    source: `/selvedge/${suspected.observer}`,
    subject: suspected.address,
    id: randomUUID(),
    datacontenttype: 'application/json',
    data: reports[type].parse(suspected),
  });
}
