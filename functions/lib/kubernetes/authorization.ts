import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Caller } from '../function/authentication.ts';
import { Forbidden, Unavailable } from '../errors.ts';
import type { Kubernetes, KubernetesObject } from './client.ts';
import { group } from '../network.ts';

/** What a caller wants to do, in the words of Kubernetes RBAC. */
export interface Access {
  verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'delete';
  resource: 'fabricnetworks';
  /**
   * `data`: the data of a network; putting is `create`. `identities`: who an organization's applications
   * are, by names as `supply/farm`; issuing is `create`.
   */
  subresource?: 'data' | 'identities';
  namespace: string;
  /** Left out: all of the namespace. */
  name?: string;
}

export interface Authorizer {
  /**
   * Returns when the caller may.
   *
   * @throws Forbidden when RBAC does not grant it
   * @throws Unavailable when nobody can say: an unanswered question is never a yes
   */
  require(caller: Caller, access: Access): Promise<void>;
}

interface SubjectAccessReview extends KubernetesObject {
  spec: { user: string; groups: string[]; resourceAttributes: Access & { group: string } };
  status?: { allowed: boolean; denied?: boolean; reason?: string };
}

export interface AuthorizerOptions {
  /** Milliseconds for one review. */
  timeoutMs?: number;
  /** Milliseconds for which a yes holds; a no is asked about each time. Left out: neither holds. */
  holdsMs?: number;
  clock?: { now: () => number };
}

/** How many answers are kept. */
const mostKept = 10_000;

/** Asks the API server by SubjectAccessReview (`authorization.k8s.io/v1`); who asks the same at once shares an answer. */
export function createAuthorizer(
  kubernetes: Pick<Kubernetes, 'create'>,
  { timeoutMs = 5000, holdsMs = 0, clock = performance }: AuthorizerOptions = {},
): Authorizer {
  const ask = async (caller: Caller, access: Access): Promise<SubjectAccessReview> => {
    const answered = new AbortController();
    try {
      return await Promise.race([
        kubernetes.create(review(caller, access)),
        tooLate(timeoutMs, answered.signal),
      ]);
    } catch (cause) {
      throw new Unavailable('the permission cannot be checked now', { cause });
    } finally {
      answered.abort();
    }
  };
  const decide = async (caller: Caller, access: Access): Promise<true> => {
    const { status } = await ask(caller, access);
    if (status?.allowed === true && status.denied !== true) return true;
    throw new Forbidden(`${caller.username} may not ${describe(access)}`);
  };
  if (holdsMs === 0) {
    return {
      require: async (...asked) => {
        await decide(...asked);
      },
    };
  }
  const kept = new LRUCache<string, true, [Caller, Access]>({
    max: mostKept,
    ttl: holdsMs,
    perf: clock,
    ttlResolution: 0,
    fetchMethod: (_question, _before, { context }) => decide(...context),
  });
  return {
    async require(caller, access) {
      const question = JSON.stringify([caller.username, caller.groups, access]);
      await kept.fetch(question, { context: [caller, access] });
    },
  };
}

function review({ username, groups }: Caller, access: Access): SubjectAccessReview {
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    // The API server refuses a review with metadata; an empty name is none.
    metadata: { name: '' },
    spec: { user: username, groups, resourceAttributes: { group, ...access } },
  };
}

async function tooLate(timeoutMs: number, answered: AbortSignal): Promise<never> {
  await delay(timeoutMs, undefined, { signal: answered });
  throw new Error(`no answer within ${timeoutMs} ms`);
}

function describe({ verb, resource, subresource, namespace, name }: Access): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what}${name === undefined ? '' : ` "${name}"`} in ${namespace}`;
}
