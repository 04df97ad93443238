/** Many networks at once: none waits for another, and least of all for one that never works. */
import test from 'ava';
import { apiVersion, kind, type FabricNetwork } from '../../../functions/lib/network.ts';
import { until } from '../../../functions/lib/until.ts';
import { isReady } from '../../../scripts/cli/network.ts';
import { fresh, kubernetes, namespace, tiny } from '../cluster.ts';
import { applyWithSource, exits, removeWithSource } from '../failing.ts';

const ref = (name: string) => ({ apiVersion, kind, namespace, name });
const find = (name: string) => kubernetes.get<FabricNetwork>(ref(name));

test.serial(
  'ten good networks applied with a bad one are all ready, the bad one never',
  async (t) => {
    // What two cores need for ten networks, and more.
    t.timeout(900_000);
    const bad = fresh('bad');
    const good = Array.from({ length: 10 }, () => fresh('good'));
    const all = [bad, ...good];
    t.teardown(async () => {
      await removeWithSource(bad);
      for (const name of good) await kubernetes.remove(ref(name));
      await until({ what: 'all networks to go', timeoutMs: 300_000 }, async () => {
        return (await Promise.all(all.map(find))).every((one) => one === undefined);
      });
    });
    const began = performance.now();
    await applyWithSource(bad, exits);
    await Promise.all(good.map((name) => kubernetes.apply(tiny(name))));
    const seconds = (): string => ((performance.now() - began) / 1000).toFixed(1);

    // The function starts from zero, on a machine that is busy.
    await until({ what: 'a status of every network', timeoutMs: 45_000, mostMs: 250 }, async () => {
      return (await Promise.all(all.map(find))).every((one) => one?.status?.phase !== undefined);
    });
    t.log(`each had a status after ${seconds()} s`);
    await until(
      { what: 'every good network to be ready', timeoutMs: 600_000, mostMs: 250 },
      async () => {
        return (await Promise.all(good.map(find))).every(
          (one) => one !== undefined && isReady(one),
        );
      },
    );
    t.log(`ten were ready after ${seconds()} s`);
    const last = await find(bad);
    t.true(last !== undefined && !isReady(last));
  },
);
