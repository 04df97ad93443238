/** Every route of the description under requests that are made up, good ones and bad ones. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import anyTest, { type TestFn } from 'ava';
import { until } from '../../functions/lib/until.ts';
import { badInput, maxBodyBytes } from './fuzz/bad-input.ts';
import { fuzz } from './fuzz/schemathesis.ts';
import { startService, type Service } from './fuzz/service.ts';
import { noOrphans, traces } from './world.ts';

const test = anyTest as TestFn<Service>;

/** Another one: `FUZZ_SEED=2`. */
const seed = Number(process.env['FUZZ_SEED'] ?? 1);

test.before(async (t) => {
  t.timeout(600_000);
  // Who makes requests up takes more than its share.
  const budget = `${2 ** 40}`;
  t.context = await startService({
    MAX_BODY_BYTES: `${maxBodyBytes}`,
    USER_REQUESTS_PER_SECOND: budget,
    USER_BYTES_PER_SECOND: budget,
  });
  // What may be asked of a datum that is there needs those of the examples: one is erased.
  const { url, token } = t.context;
  const headers = { authorization: `Bearer ${token}` };
  for (const key of ['readings%2F42', 'readings%2F41']) {
    const path = `${url}/v1/networks/supply/data/${key}`;
    const { status } = await fetch(path, { method: 'PUT', headers, body: '21' });
    t.is(status, 201);
  }
});
test.after.always((t) => (t.context as Partial<Service>).stop?.());

test.serial(`whatever is asked, the answer is as described: seed ${seed}`, async (t) => {
  t.timeout(290_000);
  const { url, token, world } = t.context;
  const { clean, said } = await fuzz(url, token, seed);
  t.true(clean, `FUZZ_SEED=${seed} asks the same again\n${said}`);

  const answers = await statusesByOperation(url);
  for (const operation of await operationsOf(url)) {
    const statuses = answers.get(operation) ?? [];
    t.true(statuses.length > 0, `${operation} was never asked`);
    t.true(statuses.some(isDone), `${operation} never did anything: ${statuses.join(' ')}`);
  }
  await noOrphans(t, world);
});

const nothing = { datum: false, intents: [], anchored: 0 };

for (const [what, [send, status, kind]] of Object.entries(badInput)) {
  test(`${what}: ${status}, and nothing is written`, async (t) => {
    const key = randomUUID();
    const answer = await send(t.context, key);
    t.is(answer.status, status, answer.body);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.like(JSON.parse(answer.body), { type: `https://selvedge.dev/problems/${kind}`, status });
    // What had begun when a body turned out too large is removed after the answer.
    await until({ what: 'nothing to be left', timeoutMs: 20_000 }, async () =>
      isDeepStrictEqual(await traces(t.context.world, key), nothing),
    );
    t.pass();
  });
}

test('a key of emoji is a key like any other', async (t) => {
  const { url, token, world } = t.context;
  const key = `🧵/☃ ${randomUUID()}`;
  const path = `${url}/v1/networks/supply/data/${encodeURIComponent(key)}`;
  const headers = { authorization: `Bearer ${token}` };
  const put = await fetch(path, { method: 'PUT', headers, body: '🪡' });
  t.is(put.status, 201);
  t.like(await put.json(), { key });
  t.is(await (await fetch(path, { headers })).text(), '🪡');
  t.like(await traces(world, key), { datum: true, anchored: 1 });
});

test('a batch is stored but for its bad lines, each told with a problem', async (t) => {
  const { url, token, world } = t.context;
  const [good, bad, id] = [randomUUID(), randomUUID(), randomUUID()];
  const lines = [
    `{"key":"${good}","value":{"celsius":21}}`,
    `{"key":"${bad}","value":}`,
    Buffer.concat([
      Buffer.from(`{"key":"${bad}","value":"`),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]),
  ];
  const send = () =>
    fetch(`${url}/v1/networks/supply/data:batch`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/x-ndjson',
        'idempotency-key': id,
      },
      body: Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\n')])),
    });
  const answer = await send();
  t.is(answer.status, 200);
  const said = (await answer.json()) as object;
  const problem = { type: 'https://selvedge.dev/problems/bad-request', status: 400 };
  t.like(said, {
    items: [
      { line: 1, key: good, status: 201, receipt: { key: good, version: 1 } },
      { line: 2, status: 400, problem },
      { line: 3, status: 400, problem },
    ],
  });
  t.deepEqual(await (await send()).json(), said);
  t.like(await traces(world, good), { datum: true, intents: ['done'], anchored: 1 });
  t.deepEqual(await traces(world, bad), nothing);
});

/** 499: a stream of events ends for us when its reader has enough. */
const isDone = (status: string): boolean => status.startsWith('2') || status === '499';

/** Every operation of the description, as the gateway's metrics name it. */
async function operationsOf(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/openapi.json`);
  const { paths } = (await answer.json()) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, methods]) => {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1');
    return Object.keys(methods).map((method) => `${method.toUpperCase()} ${route}`);
  });
}

/** The statuses with which the gateway has answered each operation, by its own account. */
async function statusesByOperation(url: string): Promise<Map<string, string[]>> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const counted =
    /^selvedge_http_seconds_count\{method="(\w+)",route="([^"]+)",status="(\d+)"\} /gm;
  const answers = new Map<string, string[]>();
  for (const [, method, route, status = ''] of metrics.matchAll(counted)) {
    const operation = `${method} ${route}`;
    answers.set(operation, [...(answers.get(operation) ?? []), status]);
  }
  return answers;
}
