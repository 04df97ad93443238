/** Three members of etcd under their keepers that are filled to the brim: they make room, and take writes again. */
import test from 'ava';
import { connectEtcd } from '../../functions/lib/data/etcd.ts';
import { prefixes } from '../../functions/lib/data/datum.ts';
import { NoSpace } from '../../functions/lib/errors.ts';
import { until } from '../../functions/lib/until.ts';
import { voters } from './etcd-voters.ts';
import { startEtcd } from './harness.ts';

const key = `${prefixes.data}again-and-again`;
const half = 512 * 1024;

test('a store full of what keys were before makes room by itself', async (t) => {
  t.timeout(240_000);
  const server = await startEtcd({ members: 3, kept: true, quota: 64 * half });
  t.teardown(() => server.stop());
  const etcd = connectEtcd(await server.as('root'));
  t.teardown(() => etcd.close());
  await until({ what: 'all to have a vote', timeoutMs: 60_000 }, async () => {
    return (await voters(server)).length === 3;
  });

  let round = 0;
  const put = async (value: number): Promise<void> => {
    const { revision } = (await etcd.get(key)) ?? { revision: '0' };
    const change = { key, value: String(value).padEnd(half) };
    await etcd.commit({ [key]: revision }, [change]);
  };
  const filled = async (): Promise<void> => {
    while (round < 1_000) await put(++round);
  };
  await t.throwsAsync(filled(), { instanceOf: NoSpace });
  t.true(round < 100);
  await until({ what: 'writes to be taken again', timeoutMs: 180_000, mostMs: 500 }, () =>
    put(round).then(() => true),
  );
  // There is room for as much again.
  const enough = round + 40;
  while (round < enough) await put(++round);
  t.is((await etcd.get(key))?.value.toString().trim(), String(round));
});
