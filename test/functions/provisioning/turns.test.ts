import test from 'ava';
import { Turns } from '../../../functions/provisioning/turns.ts';

function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

test('different keys do not wait for each other', async (t) => {
  const turns = new Turns();
  const { opened, open } = gate();
  const first = turns.run('a', () => opened);
  t.true(await turns.run('b', () => Promise.resolve()));
  open();
  t.true(await first);
});

test('however many come meanwhile, it goes round once more', async (t) => {
  const turns = new Turns();
  const { opened, open } = gate();
  let rounds = 0;
  const first = turns.run('a', () => {
    rounds += 1;
    return opened;
  });
  for (let n = 0; n < 5; n++) t.false(await turns.run('a', () => Promise.resolve()));
  open();
  await first;
  t.is(rounds, 2);
});

test('something urgent ends the waiting of the round under way, and of no later one', async (t) => {
  const turns = new Turns();
  const seen: boolean[] = [];
  const { opened, open } = gate();
  const first = turns.run('a', async (urgent) => {
    if (seen.length === 0) await opened;
    seen.push(urgent.aborted);
  });
  await turns.run('a', () => Promise.resolve(), true);
  open();
  await first;
  t.deepEqual(seen, [true, false]);
});

test('a failure is told to the one that ran, and leaves the key free', async (t) => {
  const turns = new Turns();
  await t.throwsAsync(
    turns.run('a', () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.true(await turns.run('a', () => Promise.resolve()));
});

test('who came meanwhile gets a round of its own, though the one under way fails', async (t) => {
  const turns = new Turns();
  const { opened, open } = gate();
  let rounds = 0;
  const first = turns.run('a', async () => {
    rounds += 1;
    await opened;
    if (rounds === 1) throw new Error('no');
  });
  t.false(await turns.run('a', () => Promise.resolve()));
  open();
  t.true(await first);
  t.is(rounds, 2);
});
