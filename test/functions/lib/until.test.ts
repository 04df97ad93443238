import test from 'ava';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { Hopeless, until } from '../../../functions/lib/until.ts';

const soon = { what: 'the thing', timeoutMs: 500, firstMs: 1, mostMs: 2 };

test('it gives what the look gives, once it gives something', async (t) => {
  let looks = 0;
  t.is(await until(soon, () => Promise.resolve(++looks === 3 && 'there')), 'there');
  t.is(looks, 3);
});

test('errors are looked past', async (t) => {
  let looks = 0;
  const look = () => (++looks < 3 ? Promise.reject(new Error('no')) : Promise.resolve(true));
  t.true(await until(soon, look));
});

test('a final error ends the wait at once', async (t) => {
  let looks = 0;
  const look = () => Promise.reject(new Error(`no ${++looks}`));
  await t.throwsAsync(until({ ...soon, final: () => true }, look), { message: 'no 1' });
});

test('when the time is over it says what was awaited and what was wrong last', async (t) => {
  const look = () => Promise.reject(new Error('still sealed'));
  const error = await t.throwsAsync(until({ ...soon, timeoutMs: 10 }, look), {
    instanceOf: Unavailable,
  });
  t.is(error.message, 'waited 0.01 s for the thing: still sealed');
});

test('an abort ends the wait', async (t) => {
  const signal = AbortSignal.timeout(5);
  await t.throwsAsync(until({ ...soon, signal }, () => Promise.resolve(false)));
});

test('an abort before the first look ends the wait with its reason', async (t) => {
  const signal = AbortSignal.abort(new Error('stopped'));
  const look = () => Promise.resolve(true);
  await t.throwsAsync(until({ ...soon, signal }, look), { message: 'stopped' });
});

test('what is hopeless ends the wait at once', async (t) => {
  let looks = 0;
  const look = (): Promise<never> => {
    looks++;
    return Promise.reject(new Hopeless('dead'));
  };
  await t.throwsAsync(until(soon, look), { message: 'dead' });
  t.is(looks, 1);
});
