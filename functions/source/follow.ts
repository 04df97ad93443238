import { setTimeout as delay } from 'node:timers/promises';
import { Gone, SelvedgeError } from '../lib/errors.ts';
import type { ResourceVerb } from '../lib/events.ts';
import type { Collection, Kubernetes } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import { isAtRest, standingOf, type Watched } from './standing.ts';

/** Objects of one kind, and whom they wake. */
export interface Followed {
  of: Collection;
  labelSelector?: string;
  /** The function, as Triggers know it. */
  wakes: string;
}

export interface Change {
  verb: ResourceVerb;
  object: Watched;
  wakes: string;
}

export interface FollowOptions {
  kubernetes: Pick<Kubernetes, 'list' | 'watch'>;
  tell: (change: Change) => void;
  log: Logger;
  signal: AbortSignal;
  /** Milliseconds before a server that refused is asked again. */
  pauseMs?: number;
}

/**
 * Tells every change of standing of the objects, until the signal is aborted. It begins with each object that is not
 * at rest, and does so again whenever a watch has ended: what happened while nobody looked is told then.
 */
export async function follow(followed: Followed, options: FollowOptions): Promise<void> {
  const { log, signal, pauseMs = 1_000 } = options;
  const known = new Map<string, Watched>();
  while (!signal.aborted) {
    try {
      await look(followed, options, known);
      await watch(followed, options, known);
    } catch (error) {
      if (!(error instanceof SelvedgeError)) throw error;
      if (error instanceof Gone) continue;
      log.warn({ error, kind: followed.of.kind }, 'not followed for a moment');
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

type Known = Map<string, Watched>;

async function look(followed: Followed, options: FollowOptions, known: Known): Promise<void> {
  const { of, labelSelector } = followed;
  const before = [...known];
  const found = await options.kubernetes.list<Watched>(of, labelSelector);
  // Items of a list do not say of which kind they are.
  const objects = found.map((one) => ({ ...one, apiVersion: of.apiVersion, kind: of.kind }));
  for (const object of objects) see(followed, options, known, object);
  const there = new Set(objects.map(keyOf));
  for (const [key, object] of before) {
    if (!there.has(key)) miss(followed, options, known, object);
  }
}

async function watch(followed: Followed, options: FollowOptions, known: Known): Promise<void> {
  const { labelSelector } = followed;
  const watched = { ...(labelSelector ? { labelSelector } : {}), signal: options.signal };
  for await (const { type, object } of options.kubernetes.watch<Watched>(followed.of, watched)) {
    if (type === 'DELETED') miss(followed, options, known, object);
    else if (type !== 'BOOKMARK') see(followed, options, known, object);
  }
}

function see({ wakes }: Followed, { tell }: FollowOptions, known: Known, object: Watched): void {
  const key = keyOf(object);
  const before = known.get(key);
  known.set(key, object);
  if (before ? standingOf(before) === standingOf(object) : isAtRest(object)) return;
  tell({ verb: before ? 'update' : 'add', object, wakes });
}

function miss({ wakes }: Followed, { tell }: FollowOptions, known: Known, object: Watched): void {
  if (known.delete(keyOf(object))) tell({ verb: 'delete', object, wakes });
}

/** Objects of a name are one after the other, so whoever is woken is told of the newest. */
export function keyOf({ kind, metadata: { namespace = '', name } }: Watched): string {
  return `${kind}/${namespace}/${name}`;
}
