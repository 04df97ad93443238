import test from 'ava';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { Slots } from '../../../functions/provisioning/slots.ts';
import { Turns } from '../../../functions/provisioning/turns.ts';

function gate(): { opened: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

test('different keys do not wait for each other', async (t) => {
  const turns = new Turns(new Slots(10, 10));
  const { opened, open } = gate();
  const first = turns.run('a', () => opened);
  t.true(await turns.run('b', () => Promise.resolve()));
  open();
  t.true(await first);
});

test('however many come meanwhile, it goes round once more', async (t) => {
  const turns = new Turns(new Slots(10, 10));
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
  const turns = new Turns(new Slots(10, 10));
  const seen: boolean[] = [];
  const { opened, open } = gate();
  const first = turns.run('a', async (urgent) => {
    if (seen.length === 0) await opened;
    seen.push(urgent.aborted);
  });
  await turns.run('a', () => Promise.resolve(), { urgent: true });
  open();
  await first;
  t.deepEqual(seen, [true, false]);
});

test('a failure is told to the one that ran, and leaves the key free', async (t) => {
  const turns = new Turns(new Slots(10, 10));
  await t.throwsAsync(
    turns.run('a', () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  t.true(await turns.run('a', () => Promise.resolve()));
});

test('who came meanwhile gets a round of its own, though the one under way fails', async (t) => {
  const turns = new Turns(new Slots(10, 10));
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

test('who finds all slots taken is told, waits in the order of coming, and is seen by one round', async (t) => {
  const turns = new Turns(new Slots(1, 10));
  const { opened, open } = gate();
  const order: string[] = [];
  const first = turns.run('a', () => opened);
  const waits = (key: string) => (): void => void order.push(`${key} waits`);
  const others = ['b', 'c'].map((key) =>
    turns.run(key, () => Promise.resolve(void order.push(key)), { waits: waits(key) }),
  );
  t.false(await turns.run('b', () => Promise.resolve(), { urgent: true }));
  t.deepEqual(order, ['b waits', 'c waits']);
  open();
  await Promise.all([first, ...others]);
  t.deepEqual(order.slice(2), ['b', 'c']);
});

test('a key that goes round again lets the others go first', async (t) => {
  const turns = new Turns(new Slots(1, 10));
  const { opened, open } = gate();
  const order: string[] = [];
  const work = (key: string) => (): Promise<void> => {
    order.push(key);
    return opened;
  };
  const first = turns.run('a', work('a'));
  const other = turns.run('b', work('b'));
  await turns.run('a', work('a'));
  open();
  await Promise.all([first, other]);
  t.deepEqual(order, ['a', 'b', 'a']);
});

test('more than may wait are refused, to come again later, and leave the key free', async (t) => {
  const turns = new Turns(new Slots(1, 1));
  const { opened, open } = gate();
  const first = turns.run('a', () => opened);
  const second = turns.run('b', () => Promise.resolve());
  await t.throwsAsync(
    turns.run('c', () => Promise.resolve()),
    { instanceOf: Unavailable },
  );
  open();
  await Promise.all([first, second]);
  t.true(await turns.run('c', () => Promise.resolve()));
});
