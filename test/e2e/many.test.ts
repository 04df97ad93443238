/** Many networks at once: none waits for another, and least of all for one that never works. */
import test from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import { apiVersion, kind, type FabricNetwork } from '../../functions/lib/network.ts';
import { isReady } from '../../scripts/cli/network.ts';
import { anchor, eventually, fresh, kubernetes, namespace, small } from './cluster.ts';

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
      for (const name of all) await kubernetes.remove(ref(name));
      await kubernetes.remove({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name: bad });
      await eventually('all networks are gone', 300, async () => {
        return (await Promise.all(all.map(find))).every((one) => one === undefined);
      });
    });
    const data = {
      'index.js': "throw new Error('this chaincode ends by itself');",
      'package.json': '{"name":"bad","version":"1.0.0"}',
    };
    const metadata = { name: bad, namespace };
    const source = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data };
    await kubernetes.apply<KubernetesObject>(source);

    const began = performance.now();
    await kubernetes.apply(small(bad, { name: 'bad', source: { configMap: bad }, version: '1' }));
    await Promise.all(good.map((name) => kubernetes.apply(small(name, anchor))));
    const seconds = (): string => ((performance.now() - began) / 1000).toFixed(1);

    // The function starts from zero, on a machine that is busy.
    await eventually('every network has a status', 45, async () => {
      return (await Promise.all(all.map(find))).every((one) => one?.status?.phase !== undefined);
    });
    t.log(`each had a status after ${seconds()} s`);
    await eventually('every good network is ready', 600, async () => {
      return (await Promise.all(good.map(find))).every((one) => one !== undefined && isReady(one));
    });
    t.log(`ten were ready after ${seconds()} s`);
    const last = await find(bad);
    t.true(last !== undefined && !isReady(last));
  },
);
