/** Who may do what in the object store (policies in the language of S3). Pure. */
import type { DataUser } from '../lib/tiers.ts';

interface Rights {
  objects: readonly string[];
  /** Of the bucket itself. */
  bucket: readonly string[];
}

/**
 * `data-put` writes and removes, and lists what is to be removed: unfinished uploads of a name, and
 * all that a deleted network left. It reads no object. `data-get` reads objects whose names it knows.
 */
const rights: Readonly<Record<DataUser, Rights>> = {
  'data-put': {
    objects: ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
    bucket: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
  },
  'data-get': { objects: ['s3:GetObject'], bucket: [] },
};

export function storePolicy(user: DataUser, bucket: string): object {
  const arn = `arn:aws:s3:::${bucket}`;
  const { objects, bucket: own } = rights[user];
  const allow = (Action: readonly string[], Resource: string) =>
    Action.length === 0 ? [] : [{ Effect: 'Allow', Action, Resource: [Resource] }];
  return { Version: '2012-10-17', Statement: [...allow(objects, `${arn}/*`), ...allow(own, arn)] };
}
