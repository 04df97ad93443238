/** Finishes what was begun with users' keys, wherever it was cut off. */
import { resultEvent } from '../lib/events.ts';
import type { Logger } from '../lib/log.ts';
import type { KeyWork } from '../lib/vault/key-work.ts';
import type { UserKey } from '../lib/vault/user-keys.ts';
import { isSettled, rotationOf, type Rotation } from './decisions.ts';
import type { Deps } from './deps.ts';
import { rewrapAll } from './rewrap.ts';

/** How many entries were done with, left for later, and not looked at because something failed. */
export interface Swept {
  done: number;
  left: number;
  failed: number;
}

/** What there is to do with a key. */
type Todo = { what: 'destroy' } | { what: 'rotate'; key: UserKey; rotation: Rotation | undefined };

/** One pass over everything; it may end anywhere, and run at once with itself. What fails is left to the next. */
export async function sweep(deps: Deps, log: Logger): Promise<Swept> {
  const swept: Swept = { done: 0, left: 0, failed: 0 };
  const todos: { work: KeyWork; todo: Todo | undefined }[] = [];
  const attempt = async (work: KeyWork, step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      swept.failed++;
      log.warn({ error, user: work.user }, 'a key was not swept');
    }
  };
  for (const work of await deps.works.list())
    await attempt(work, async () => {
      const todo = await todoFor(deps, work);
      // It does not wait for what is wrapped anew.
      if (todo?.what === 'destroy') await deps.keys.destroy(work.user);
      todos.push({ work, todo });
    });
  const held = await rewrapFor(deps, todos, log);
  for (const { work, todo } of todos) {
    await attempt(work, async () => {
      const done = (await settle(deps, work, todo, held)) && isSettled(work, deps.now());
      if (done) await finish(deps, work, todo);
      swept[done ? 'done' : 'left']++;
    });
  }
  return swept;
}

async function todoFor({ keys, notes }: Deps, { user }: KeyWork): Promise<Todo | undefined> {
  const note = await notes.read(user);
  if (note?.destroyedAt !== undefined) return { what: 'destroy' };
  const key = await keys.find(user);
  return key && { what: 'rotate', key, rotation: rotationOf(key) };
}

/** @returns the users who still have something of an older version */
async function rewrapFor(
  deps: Deps,
  todos: readonly { work: KeyWork; todo: Todo | undefined }[],
  log: Logger,
): Promise<ReadonlySet<string>> {
  const rotations = new Map<string, Rotation>();
  for (const { work, todo } of todos)
    if (todo?.what === 'rotate' && todo.rotation) rotations.set(work.user, todo.rotation);
  try {
    return rotations.size === 0 ? new Set() : await rewrapAll(deps, rotations, log);
  } catch (error) {
    log.warn({ error }, 'not every data key was looked at');
    return new Set(rotations.keys());
  }
}

/** @returns whether nothing is left to be done now */
async function settle(
  { keys }: Deps,
  { user }: KeyWork,
  todo: Todo | undefined,
  held: ReadonlySet<string>,
): Promise<boolean> {
  if (todo?.what !== 'rotate' || !todo.rotation) return true;
  if (held.has(user)) return false;
  await keys.retire(user, todo.rotation.latest);
  return true;
}

/** Tells of a rotation, and forgets that it was begun: told twice it is the same event. */
async function finish(
  { broker, works }: Deps,
  { id, user: owner }: KeyWork,
  todo: Todo | undefined,
): Promise<void> {
  const last = todo?.what === 'rotate' ? todo.key.versions.at(-1) : undefined;
  if (last && last.version > 1) {
    const { version, createdAt: rotatedAt } = last;
    const data = { owner, version, rotatedAt };
    const name = `${owner}/${version}`;
    await broker.send(resultEvent('dev.selvedge.key.rotated.v1', source, owner, data, name));
  }
  await works.forget(id);
}

/** Names the function as the source of events. */
const source = '/selvedge/keys';
