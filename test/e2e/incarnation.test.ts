import test from 'ava';
import { apiVersion, kind } from '../../functions/lib/network.ts';
import { until } from '../../functions/lib/until.ts';
import { connectGateway } from '../../scripts/cli/client.ts';
import { applyNetwork } from '../../scripts/cli/network.ts';
import { fresh, gateway, kubernetes, namespace, tiny, user } from './cluster.ts';
import { listObjects, readRecord } from './stores.ts';
import { logs, patient, runPod } from './workloads.ts';

/** What the PingSource sends, without waiting for it. */
const sweep = `${patient}
patient(() => fetch('http://data-put.selvedge.svc.cluster.local', {
  method: 'POST',
  headers: {
    'ce-specversion': '1.0',
    'ce-type': 'dev.selvedge.data.sweep.v1',
    'ce-source': '/test',
    'ce-id': String(Math.random()),
    'content-type': 'application/json',
  },
  body: '{}',
})).then((response) => console.log(response.status));
`;

test.serial('a network made again meets none of its data, which are erased', async (t) => {
  const [name, key] = [fresh('again'), fresh('key')];
  const ref = { apiVersion, kind, namespace, name };
  const alice = await user('alice');
  const data = connectGateway(gateway, name, alice.token);
  const body = Buffer.from(JSON.stringify({ of: 'the first' }));
  const contentType = 'application/json';
  await applyNetwork(kubernetes, tiny(name), { timeout: 240 });
  t.teardown(() => kubernetes.remove(ref));
  const uid = (await kubernetes.get(ref))?.metadata.uid ?? '';
  const record = await data.put(key, body, { contentType });
  await data.put(fresh('object'), body, { contentType, tier: 'object' });
  const ofTheFirst = async () => (await listObjects()).filter((object) => object.includes(uid));
  t.is((await ofTheFirst()).length, 1);
  t.true(record.index.includes(uid));

  await kubernetes.remove(ref);
  const gone = async () => (await kubernetes.get(ref)) === undefined;
  await until({ what: 'the resource to go', timeoutMs: 300_000 }, gone);
  await applyNetwork(kubernetes, tiny(name), { timeout: 240 });
  await t.throwsAsync(data.get(key), { message: /404/ });
  t.is((await data.put(key, body, { contentType })).version, 1);

  const sweeper = fresh('sweeper');
  await runPod(t, sweeper, sweep);
  t.regex(await until({ what: 'the sweep', timeoutMs: 120_000 }, () => logs(sweeper)), /^200/);
  t.deepEqual(await ofTheFirst(), []);
  await t.throwsAsync(readRecord(record.index), { message: /has nothing at/ });
  t.true(body.equals(Buffer.from(await data.get(key))));
});
