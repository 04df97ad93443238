import test from 'ava';
import { amend, type Send } from '../../../functions/data-put/amend.ts';
import * as errors from '../../../functions/lib/errors.ts';

const words = { overtaken: 'others came first', open: 'it may be in force yet' };

/** What comes of tries that send each of these in turn; undefined stands for one that is overtaken. */
async function tried(ends: (Error | string | undefined)[]) {
  let count = 0;
  const attempt = async (send: Send): Promise<string | undefined> => {
    const end = ends[Math.min(count++, ends.length - 1)];
    if (end === undefined) return undefined;
    return send(() => (typeof end === 'string' ? Promise.resolve(end) : Promise.reject(end)));
  };
  const what = await amend(words, attempt).catch((error: unknown) => error);
  return { what, count };
}

test('what was overtaken or refused is tried again', async (t) => {
  const refused = new errors.Unprocessable('a peer lags');
  const overtaken = new errors.Conflict('another came first');
  t.deepEqual(await tried([undefined, refused, overtaken, 'done']), { what: 'done', count: 4 });
});

test('what goes on to be overtaken is told so, and what goes on to be refused why', async (t) => {
  const overtaken = await tried([undefined]);
  t.true(overtaken.what instanceof errors.Conflict);
  t.like(overtaken.what, { message: words.overtaken });
  const refused = new errors.Unprocessable('the peers refused');
  t.is((await tried([refused])).what, refused);
});

for (const cause of [new errors.Unavailable('no peer answers'), new errors.NoSpace('it is full')]) {
  test(`where ${cause.message} once it was sent, its fate is open`, async (t) => {
    const { what, count } = await tried([cause]);
    t.true(what instanceof errors.FateOpen);
    t.like(what, { message: `${words.open}: ${cause.message}`, cause });
    t.is(count, 1);
  });
}

test('what fails before anything was sent is told as it is', async (t) => {
  const away = new errors.Unavailable('no peer answers');
  await t.throwsAsync(
    amend(words, () => Promise.reject(away)),
    { is: away },
  );
});
