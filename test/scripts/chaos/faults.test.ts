import test from 'ava';
import { remotesOf } from '../../../scripts/chaos/connections.ts';
import { faultNamed, faults } from '../../../scripts/chaos/faults/index.ts';
import { leads } from '../../../scripts/chaos/faults/leaders.ts';
import { goals } from '../../../scripts/chaos/goals.ts';
import { randomFrom } from '../../../scripts/chaos/random.ts';
import { callsOf } from '../../../scripts/chaos/round.ts';
import type { Operation } from '../../../scripts/chaos/history.ts';

test('every fault has a name of its own, and what is held is healed', (t) => {
  t.is(new Set(faults.map(({ name }) => name)).size, faults.length);
  for (const { name, holdMs, heal } of faults) t.is(holdMs !== undefined, heal !== undefined, name);
});

test('something is asked only of faults that there are', (t) => {
  for (const name of Object.keys(goals)) t.is(faultNamed(name).name, name);
});

test('a fault that is not there is answered with those that are', (t) => {
  t.throws(() => faultNamed('flood'), { message: /no fault is called flood; .*node-dead/ });
});

test('the same seed chooses the same', (t) => {
  const ten = (seed: number): number[] => Array.from({ length: 10 }, randomFrom(seed));
  t.deepEqual(ten(7), ten(7));
  t.notDeepEqual(ten(7), ten(8));
  t.true(ten(7).every((one) => one >= 0 && one < 1));
});

const metrics = `# TYPE consensus_etcdraft_is_leader gauge
consensus_etcdraft_is_leader{channel="goods"} 0
consensus_etcdraft_is_leader{channel="other"} 1
`;

test('an orderer leads the channels that its metrics say', (t) => {
  t.false(leads(metrics, 'goods'));
  t.true(leads(metrics, 'other'));
  t.true(leads(metrics));
  t.false(leads('', 'goods'));
});

test('connections are read as the kernel shows them', (t) => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000
   1: 0F025A0A:9C40 0E035A0A:1B8B 01 00000000:00000000 00:00000000 00000000
   2: 0000000000000000FFFF00000F025A0A:9C41 0000000000000000FFFF000014015A0A:1B8B 01 00000000
`;
  t.deepEqual(remotesOf(table), ['10.90.3.14', '10.90.1.20']);
});

test('what callers saw is counted from the strike', (t) => {
  const get = (ended: number, failure?: string): Operation => ({
    ...{ kind: 'get', key: 'k', started: ended - 1, ended },
    ...(failure === undefined ? {} : { failure }),
  });
  const history = [get(1_050), get(1_100), get(1_500, 'no'), get(2_000), get(2_050)];
  t.deepEqual(callsOf(history, 'get', { began: 1_000, struck: 1_200, end: 2_100 }), {
    ...{ tries: 3, failed: 1, quiet: 100, longest: 800 },
    gaps: [{ from: 0, to: 800 }],
  });
});
