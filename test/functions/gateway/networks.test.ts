import test from 'ava';
import { stringify } from 'yaml';
import { Forbidden, Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';
import { apiVersion, kind, networkSpec } from '../../../functions/lib/network.ts';
import { supplySpec } from '../../fakes/supply.ts';
import { bearer, startGateway, type Gateway } from './gateway.ts';

const spec = supplySpec();
const resource = { apiVersion, kind, metadata: { name: 'supply', namespace: 'selvedge' }, spec };

const put = ({ url }: Gateway, body: string, type = 'application/json', name = 'supply') =>
  fetch(`${url}/v1/networks/${name}`, {
    method: 'PUT',
    headers: { ...bearer, 'content-type': type },
    body,
  });

interface Body {
  detail: string;
  errors: { path: string; message: string }[];
  [member: string]: unknown;
}
const bodyOf = async (answer: Response) => (await answer.json()) as Body;

const forms: Record<string, [body: string, type: string]> = {
  'a spec in JSON': [JSON.stringify(spec), 'application/json'],
  'a spec in YAML': [stringify(spec), 'application/yaml'],
  'a resource in YAML, as for kubectl': [stringify(resource), 'text/yaml; charset=utf-8'],
  'a resource in JSON': [JSON.stringify(resource), 'application/json'],
};
for (const [form, [body, type]] of Object.entries(forms)) {
  test(`a network is created from ${form}`, async (t) => {
    const gateway = await startGateway(t);
    const answer = await put(gateway, body, type);
    t.is(answer.status, 202);
    t.like(await bodyOf(answer), { name: 'supply', generation: 1 });
    const made = gateway.networks.objects.get('supply');
    t.like(made, { apiVersion, kind, metadata: { name: 'supply', namespace: 'selvedge' } });
    t.deepEqual(made?.spec as unknown, networkSpec.parse(spec) as unknown);
    t.deepEqual(gateway.asked, ['update supply', 'create supply']);
  });
}

test('the same spec again changes nothing and is 200, another one is 202', async (t) => {
  const gateway = await startGateway(t);
  await put(gateway, JSON.stringify(spec));
  const before = gateway.networks.objects.get('supply')?.metadata.resourceVersion;
  const again = await put(gateway, stringify(spec), 'application/yaml');
  t.is(again.status, 200);
  t.is(gateway.networks.objects.get('supply')?.metadata.resourceVersion, before);

  const other = await put(gateway, JSON.stringify({ ...spec, data: undefined }));
  t.is(other.status, 202);
  t.like(await bodyOf(other), { generation: 2 });
  t.is(gateway.networks.objects.get('supply')?.spec.data, undefined);
});

test('a put keeps labels, annotations and finalizers of others', async (t) => {
  const gateway = await startGateway(t);
  const metadata = {
    name: 'supply',
    namespace: 'selvedge',
    finalizers: ['x/y'],
    labels: { a: 'b' },
  };
  gateway.networks.write({ apiVersion, kind, metadata, spec: networkSpec.parse(spec) });
  const bigger = { ...spec, consensus: { type: 'raft', orderers: 5 } };
  t.is((await put(gateway, JSON.stringify(bigger))).status, 202);
  t.like(gateway.networks.objects.get('supply')?.metadata, {
    finalizers: ['x/y'],
    labels: { a: 'b' },
  });
});

test("another one's change in between is not lost: the put is tried again", async (t) => {
  const gateway = await startGateway(t);
  await put(gateway, JSON.stringify(spec));
  const current = gateway.networks.objects.get('supply')!;
  gateway.networks.meanwhile = () => {
    gateway.networks.write({ ...current, status: { phase: 'Ready' } });
  };
  const bigger = { ...spec, consensus: { type: 'raft', orderers: 5 } };
  t.is((await put(gateway, JSON.stringify(bigger))).status, 202);
  const { status, spec: now } = gateway.networks.objects.get('supply')!;
  t.is(status?.phase, 'Ready');
  t.is(now.consensus.orderers, 5);
});

test('a put that keeps losing the race is 409', async (t) => {
  const gateway = await startGateway(t);
  await put(gateway, JSON.stringify(spec));
  const touch = () => {
    gateway.networks.write(gateway.networks.objects.get('supply')!);
    gateway.networks.meanwhile = touch;
  };
  gateway.networks.meanwhile = touch;
  const bigger = { ...spec, consensus: { type: 'raft', orderers: 5 } };
  t.is((await put(gateway, JSON.stringify(bigger))).status, 409);
});

test('a network that is being deleted cannot be put', async (t) => {
  const gateway = await startGateway(t);
  const metadata = {
    name: 'supply',
    namespace: 'selvedge',
    deletionTimestamp: '2026-01-01T00:00:00Z',
  };
  gateway.networks.write({ apiVersion, kind, metadata, spec: networkSpec.parse(spec) });
  const answer = await put(gateway, JSON.stringify(spec));
  t.is(answer.status, 409);
});

const [farm, shop] = spec.organizations as [object, object];
const bad: Record<string, [spec: unknown, paths: string[]]> = {
  'no orderers': [{ ...spec, consensus: { type: 'raft', orderers: 0 } }, ['consensus.orderers']],
  'a name that climbs': [
    { ...spec, organizations: [farm, { ...shop, name: '../shop' }] },
    ['organizations.1.name'],
  ],
  'a name of 300 characters': [
    { ...spec, organizations: [farm, { ...shop, name: 'n'.repeat(300) }] },
    ['organizations.1.name'],
  ],
  'a name in unicode': [
    { ...spec, organizations: [farm, { ...shop, name: 'läden' }] },
    ['organizations.1.name'],
  ],
  'a misspelt field': [
    { ...spec, organizations: [farm, { ...shop, peer: 2 }] },
    ['organizations.1.peer'],
  ],
  'a prototype as a field': [JSON.parse('{"__proto__":{"a":1}}'), ['__proto__', 'consensus']],
  'several faults': [
    {
      ...spec,
      consensus: { type: 'poa', orderers: 'three' },
      organizations: [{ ...farm, peers: 99 }, { name: 'Shop' }],
      colour: 'red',
    },
    [
      'consensus.type',
      'consensus.orderers',
      'organizations.0.peers',
      'organizations.1.name',
      'organizations.1.mspId',
      'colour',
    ],
  ],
  'no object': [[1], ['']],
  nothing: [null, ['']],
};
for (const [kind, [body, paths]] of Object.entries(bad)) {
  test(`a spec with ${kind} is refused, naming every bad field, and nothing is made`, async (t) => {
    const gateway = await startGateway(t);
    const answer = await put(gateway, JSON.stringify(body));
    t.is(answer.status, 400);
    t.regex(answer.headers.get('content-type')!, /^application\/problem\+json/);
    const named = (await bodyOf(answer)).errors.map((fault) => fault.path);
    for (const path of paths) t.true(named.includes(path), `${path} in ${named.join(' ')}`);
    t.is(gateway.networks.objects.size, 0);
  });
}

const contradictory: Record<string, [body: object, paths: string[]]> = {
  'three BFT orderers': [{ ...spec, consensus: { type: 'bft', orderers: 3 } }, ['consensus']],
  'two organizations with one MSP id': [
    { ...spec, organizations: [farm, { ...shop, mspId: 'FarmMSP' }] },
    ['organizations'],
  ],
  'the name of another network': [{ ...resource, metadata: { name: 'other' } }, ['metadata.name']],
};
for (const [kind, [body, paths]] of Object.entries(contradictory)) {
  test(`a spec with ${kind} is as described, and refused as what cannot be`, async (t) => {
    const gateway = await startGateway(t);
    const answer = await put(gateway, JSON.stringify(body));
    const problem = await bodyOf(answer);
    t.is(answer.status, 422);
    t.like(problem, { type: 'https://selvedge.dev/problems/unprocessable' });
    t.deepEqual(
      problem.errors.map((fault) => fault.path),
      paths,
    );
    t.is(gateway.networks.objects.size, 0);
  });
}

test('a resource of another kind is refused, and its name in the same answer', async (t) => {
  const gateway = await startGateway(t);
  const other = { ...resource, kind: 'Pod', apiVersion: 'v1', metadata: { name: 'other' } };
  const answer = await put(gateway, JSON.stringify(other));
  t.is(answer.status, 400);
  t.deepEqual((await bodyOf(answer)).errors.map((fault) => fault.path).sort(), [
    'apiVersion',
    'kind',
    'metadata.name',
  ]);
});

test('a spec with thousands of faults gets a bounded answer', async (t) => {
  const gateway = await startGateway(t);
  const more = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`field${n}`, n]));
  const answer = await put(gateway, JSON.stringify({ ...spec, ...more }));
  const problem = await bodyOf(answer);
  t.is(answer.status, 400);
  t.is(problem.errors.length, 100);
  t.regex(problem.detail, /and \d+ more$/);
});

for (const body of [
  '{',
  'a: [',
  'a: 1\na: 2',
  '- - -\n---\nb',
  '&a [*a, *b]',
  '['.repeat(100_000),
]) {
  test(`text that is neither JSON nor YAML is refused: ${body.slice(0, 12)}`, async (t) => {
    const gateway = await startGateway(t);
    const answer = await put(gateway, body, 'application/yaml');
    t.is(answer.status, 400);
    t.notRegex((await bodyOf(answer)).detail, /node_modules|at .*:\d+:\d+/);
  });
}

test('YAML whose aliases multiply is refused', async (t) => {
  const gateway = await startGateway(t);
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let n = 1; n < 12; n++) {
    lines.push(`a${n}: &a${n} [${Array.from({ length: 10 }, () => `*a${n - 1}`).join(', ')}]`);
  }
  const answer = await put(gateway, lines.join('\n'), 'application/yaml');
  t.is(answer.status, 400);
});

test('a body that is missing, too large, coded or of another type is refused', async (t) => {
  const gateway = await startGateway(t);
  t.is((await put(gateway, '')).status, 400);
  t.is((await put(gateway, 'x'.repeat(300_000))).status, 413);
  t.is((await put(gateway, JSON.stringify(spec), 'text/html')).status, 415);
  const coded = await fetch(`${gateway.url}/v1/networks/supply`, {
    method: 'PUT',
    headers: { ...bearer, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    body: 'x',
  });
  t.is(coded.status, 415);
  t.is(gateway.networks.objects.size, 0);
});

test('a network is read with its status, listed and deleted', async (t) => {
  const gateway = await startGateway(t);
  await put(gateway, JSON.stringify(spec));
  const current = gateway.networks.objects.get('supply')!;
  gateway.networks.write({ ...current, status: { phase: 'Ready', observedGeneration: 1 } });
  const get = () => fetch(`${gateway.url}/v1/networks/supply`, { headers: bearer });
  t.like(await bodyOf(await get()), { name: 'supply', status: { phase: 'Ready' }, generation: 1 });

  const list = await fetch(`${gateway.url}/v1/networks`, { headers: bearer });
  t.is(((await list.json()) as { items: unknown[] }).items.length, 1);

  const remove = () =>
    fetch(`${gateway.url}/v1/networks/supply`, { method: 'DELETE', headers: bearer });
  t.is((await remove()).status, 202);
  t.is((await get()).status, 404);
  t.is((await remove()).status, 404);
  t.deepEqual(gateway.asked.slice(2), [
    'get supply',
    'list',
    'delete supply',
    'get supply',
    'delete supply',
  ]);
});

for (const [method, path] of [
  ['GET', ''],
  ['GET', '/supply'],
  ['PUT', '/supply'],
  ['DELETE', '/supply'],
  ['GET', '/supply/events'],
] as const) {
  test(`${method} /v1/networks${path} is for those whom RBAC lets`, async (t) => {
    const gateway = await startGateway(t, undefined, { may: () => false });
    const request = (headers: Record<string, string>) =>
      fetch(`${gateway.url}/v1/networks${path}`, {
        method,
        headers,
        ...(method === 'PUT' && { body: JSON.stringify(spec) }),
      });
    t.is((await request(bearer)).status, 403);
    t.is((await request({})).status, 401);
    t.is(gateway.networks.objects.size, 0);
  });
}

test('who may update but not create cannot create', async (t) => {
  const gateway = await startGateway(t, undefined, { may: ({ verb }) => verb !== 'create' });
  t.is((await put(gateway, JSON.stringify(spec))).status, 403);
  t.is(gateway.networks.objects.size, 0);
});

test('a name that is none is refused', async (t) => {
  const gateway = await startGateway(t);
  for (const name of ['Supply', 'n'.repeat(300), '..%2Fx', '%C3%A4', '-a']) {
    t.is((await put(gateway, JSON.stringify(spec), undefined, name)).status, 400, name);
  }
  t.deepEqual(gateway.asked, []);
});

test("what the API server refuses is told in the caller's terms", async (t) => {
  const gateway = await startGateway(t);
  gateway.networks.fault = new Unavailable('no connection');
  t.is((await put(gateway, JSON.stringify(spec))).status, 503);
  gateway.networks.fault = new Forbidden("gateway's own account may not");
  const refused = await put(gateway, JSON.stringify(spec));
  t.is(refused.status, 503);
  t.notRegex((await bodyOf(refused)).detail, /account/);
  gateway.networks.fault = new Unprocessable('Kubernetes: consensus cannot be changed');
  t.is((await put(gateway, JSON.stringify(spec))).status, 422);
});
