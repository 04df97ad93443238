import test from 'ava';
import { NotFound, Unavailable } from '../../../../functions/lib/errors.ts';
import type { Connection } from '../../../../functions/lib/fabric/connection.ts';
import type { Ledger } from '../../../../functions/lib/fabric/ledger.ts';
import { createLedgers } from '../../../../functions/lib/fabric/ledgers.ts';

const pem = '-----BEGIN CERTIFICATE-----\n';
const connection = (channel: string): Connection => ({
  channel,
  chaincode: 'anchor',
  incarnation: 'uid-1',
  mspId: 'FarmMSP',
  certificate: pem,
  privateKey: '-----BEGIN PRIVATE KEY-----\n',
  peers: [{ address: 'peer:7051', hostname: 'peer', mspId: 'FarmMSP', tlsRoot: pem }],
});
const supply = { namespace: 'selvedge', network: 'supply' };

function world(initial?: Connection) {
  const seen = { reads: [] as string[], opened: [] as string[], closed: [] as string[] };
  const state = { connection: initial };
  const vault = {
    read: (path: string) => {
      seen.reads.push(path);
      return Promise.resolve(state.connection && { data: { connection: state.connection } });
    },
  };
  const ledgers = createLedgers(vault, ({ channel }) => {
    seen.opened.push(channel);
    const evaluate = () => Promise.resolve(channel);
    return { evaluate, close: () => seen.closed.push(channel) } as unknown as Ledger;
  });
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
