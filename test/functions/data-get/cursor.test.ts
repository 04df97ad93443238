import test from 'ava';
import { opened, sealed } from '../../../functions/data-get/cursor.ts';
import { createNames } from '../../../functions/lib/data/names.ts';
import { BadRequest } from '../../../functions/lib/errors.ts';

const names = createNames({ read: (uid) => Promise.resolve(Buffer.alloc(32, uid)) });
const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };
const alice = { network, caller: { id: 'alice' } };
const at = 'somebody else’s/☃';

test('a cursor says to its caller where the list goes on, and to nobody else', async (t) => {
  const cursor = await sealed(names, alice, at);
  t.is(await opened(names, alice, cursor), at);
  t.false(Buffer.from(cursor, 'base64url').includes('somebody'));
  t.not(await sealed(names, alice, at), cursor);
});

const others: Record<string, (cursor: string) => [typeof alice, cursor: string]> = {
  'of another caller': (cursor) => [{ ...alice, caller: { id: 'bob' } }, cursor],
  'of another network': (cursor) => [
    { ...alice, network: { ...network, incarnation: 'uid-2' } },
    cursor,
  ],
  'that was changed': (cursor) => [
    alice,
    `${cursor.slice(0, 20)}${cursor[20] === 'A' ? 'B' : 'A'}${cursor.slice(21)}`,
  ],
  'that was made up': () => [alice, Buffer.from('readings/41').toString('base64url')],
  'that is one byte': () => [alice, 'AA'],
};
for (const [what, using] of Object.entries(others)) {
  test(`a cursor ${what} is refused`, async (t) => {
    const [list, cursor] = using(await sealed(names, alice, at));
    await t.throwsAsync(opened(names, list, cursor), { instanceOf: BadRequest });
  });
}
