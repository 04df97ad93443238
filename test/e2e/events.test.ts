import { createHash } from 'node:crypto';
import test from 'ava';
import { until } from '../../functions/lib/until.ts';
import { fresh, network, user } from './cluster.ts';
import { logs, patient, runPod, subscribe } from './workloads.ts';

const caller = `${patient}
const [url, token, key, body] = process.argv.slice(1);
const call = () => fetch(url, {
  method: 'POST',
  headers: {
    'ce-specversion': '1.0',
    'ce-type': 'dev.selvedge.data.put.v1',
    'ce-source': '/test',
    'ce-id': key,
    'ce-network': '${network}',
    'ce-key': key,
    'content-type': 'application/json',
    authorization: 'Bearer ' + token,
  },
  body,
});
patient(call).then(async (response) => console.log(response.status + ' ' + (await response.text())));
`;

test.serial('a pod puts by sending the CloudEvent, and a subscriber hears of it', async (t) => {
  const told = await subscribe(t);
  const [sender, key] = [fresh('sender'), fresh('event')];
  const alice = await user('alice');
  const body = JSON.stringify({ told: fresh('by-event') });
  const url = 'http://data-put.selvedge.svc.cluster.local';
  await runPod(t, sender, caller, { args: [url, alice.token, key, body] });
  const answer = await until({ what: 'the function to answer', timeoutMs: 90_000 }, () =>
    logs(sender),
  );
  t.regex(answer, /^201 /);
  t.is(Buffer.from(await alice.get(key)).toString(), body);
  t.true((await alice.verify(key)).verified);

  const heard = await until({ what: 'the subscriber to hear of it', timeoutMs: 60_000 }, async () =>
    (await told()).find(({ subject }) => subject === `${network}/${key}`),
  );
  t.is(heard.type, 'dev.selvedge.data.stored.v1');
  t.false(heard.body.includes('by-event'));
  t.false(heard.body.includes(createHash('sha256').update(body).digest('hex')));
});
