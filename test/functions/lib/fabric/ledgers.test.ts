import test from 'ava';
import { NotFound, Unavailable } from '../../../../functions/lib/errors.ts';
import type { Connection } from '../../../../functions/lib/fabric/connection.ts';
import type { Ledger } from '../../../../functions/lib/fabric/ledger.ts';
import { createLedgers } from '../../../../functions/lib/fabric/ledgers.ts';

const pem = '-----BEGIN CERTIFICATE-----\n';
const connection = (channel: string, incarnation = 'uid-1'): Connection => ({
  channel,
  chaincode: 'anchor',
  incarnation,
  mspId: 'FarmMSP',
  certificate: pem,
  privateKey: '-----BEGIN PRIVATE KEY-----\n',
  peers: [{ address: 'peer:7051', hostname: 'peer', mspId: 'FarmMSP', tlsRoot: pem }],
});
const supply = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };

function world(initial?: Connection) {
  const seen = { reads: [] as string[], opened: [] as string[], closed: [] as string[] };
  const state = { connection: initial, sealed: false, ms: 1_000_000 };
  const vault = {
    read: (path: string) => {
      seen.reads.push(path);
      if (state.sealed) return Promise.reject(new Unavailable('Vault is sealed'));
      return Promise.resolve(state.connection && { data: { connection: state.connection } });
    },
  };
  const connect = ({ channel }: Connection) => {
    seen.opened.push(channel);
    const evaluate = () => Promise.resolve(channel);
    return { evaluate, close: () => seen.closed.push(channel) } as unknown as Ledger;
  };
  const ledgers = createLedgers(vault, connect, () => state.ms);
  const ask = () => ledgers.with(supply, (ledger) => ledger.evaluate('get', []));
  const fail = () => ledgers.with(supply, () => Promise.reject(new Unavailable('no peer')));
  return { ledgers, seen, state, ask, fail };
}

test('a network is connected once, also by many at the same moment', async (t) => {
  const { seen, ask } = world(connection('goods'));
  t.deepEqual(await Promise.all([ask(), ask(), ask()]), ['goods', 'goods', 'goods']);
  t.is(await ask(), 'goods');
  t.deepEqual(seen.reads, ['selvedge/data/networks/selvedge/supply']);
  t.deepEqual(seen.opened, ['goods']);
});

test('a network without a connection is not found, until it has one', async (t) => {
  const { state, ask } = world();
  await t.throwsAsync(ask(), { instanceOf: NotFound });
  state.connection = connection('goods');
  t.is(await ask(), 'goods');
});

test('after a failure the connection is read anew, and replaced when it is another', async (t) => {
  const { seen, state, ask, fail } = world(connection('old'));
  await ask();
  await t.throwsAsync(fail(), { instanceOf: Unavailable });
  t.is(await ask(), 'old');
  t.deepEqual([seen.reads.length, seen.opened.length], [2, 1]);
  state.connection = connection('new');
  await t.throwsAsync(fail(), { instanceOf: Unavailable });
  t.deepEqual(await Promise.all([ask(), ask()]), ['new', 'new']);
  t.deepEqual(seen.opened, ['old', 'new']);
  t.deepEqual(seen.closed, ['old']);
});

test('a malformed connection is an error, and not kept', async (t) => {
  const { state, ask } = world({ ...connection('goods'), peers: [] });
  await t.throwsAsync(ask());
  state.connection = connection('goods');
  t.is(await ask(), 'goods');
});

test('a network that was made again under its name is another, within seconds', async (t) => {
  const { ledgers, state, seen, ask } = world(connection('old'));
  const { incarnation: _, ...name } = supply;
  t.deepEqual(await ledgers.find(name), supply);
  t.is(await ask(), 'old');
  state.connection = connection('new', 'uid-2');
  state.ms += 5_000;
  await t.throwsAsync(ask(), { instanceOf: NotFound });
  const again = await ledgers.find(name);
  t.deepEqual(again, { ...supply, incarnation: 'uid-2' });
  t.is(await ledgers.with(again, (ledger) => ledger.evaluate('get', [])), 'new');
  t.deepEqual(seen.closed, ['old']);
});

test('a network that was removed is not found, within seconds', async (t) => {
  const { ledgers, state, seen, ask } = world(connection('goods'));
  await ask();
  state.connection = undefined;
  state.ms += 5_000;
  await t.throwsAsync(ask(), { instanceOf: NotFound });
  await t.throwsAsync(ledgers.find(supply), { instanceOf: NotFound });
  t.deepEqual(seen.closed, ['goods']);
});

test('while Vault does not answer, what is known holds', async (t) => {
  const { state, seen, ask } = world(connection('goods'));
  await ask();
  state.sealed = true;
  state.ms += 5_000;
  t.is(await ask(), 'goods');
  t.is(await ask(), 'goods');
  t.is(seen.reads.length, 2);
});
