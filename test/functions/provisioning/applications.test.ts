import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import test, { type ExecutionContext } from 'ava';
import { pino } from 'pino';
import { Forbidden, NotFound, Unauthorized } from '../../../functions/lib/errors.ts';
import { functionApp } from '../../../functions/lib/function/serve.ts';
import type { Access } from '../../../functions/lib/kubernetes/authorization.ts';
import { applicationEndpoints } from '../../../functions/provisioning/applications/handler.ts';
import { refuseOtherNames } from '../../../functions/provisioning/applications/issue.ts';
import { pkiMount, type AuthorityKind } from '../../../functions/provisioning/resources/names.ts';
import { placeOf } from '../../../functions/provisioning/resources/plan.ts';
import { makeRequest } from '../../../scripts/lib/x509.ts';
import { createWorld, networkOf, settings, type World } from './world.ts';

const named: Record<string, [names: string[], subject: string, refused: boolean]> = {
  'a request without a name is the caller’s': [[], 'alice', false],
  'one with the caller’s name is the caller’s': [['alice'], 'alice', false],
  'one with another’s name is not': [['bob'], 'alice', true],
  'one with two names is not, where either is another’s': [['alice', 'bob'], 'alice', true],
  'one with an empty name is not': [[''], 'alice', true],
  'a name is taken letter by letter': [['Alice'], 'alice', true],
};
for (const [what, [names, subject, refused]] of Object.entries(named)) {
  test(what, (t) => {
    const decide = () => refuseOtherNames(names, subject);
    if (refused) t.throws(decide, { instanceOf: Forbidden });
    else t.notThrows(decide);
  });
}

interface Served {
  world: World;
  /** What RBAC was asked. */
  asked: Access[];
  lines: Record<string, unknown>[];
  send: (type: 'issue' | 'get', sent?: Sent) => Promise<Response>;
}
interface Sent {
  network?: string;
  organization?: string;
  token?: string;
  body?: string;
}

/** The function over a network whose authorities are made, for who may do anything but is not `denied`. */
async function served(t: ExecutionContext): Promise<Served> {
  const world = await createWorld();
  await authorities(world);
  const asked: Access[] = [];
  const lines: Record<string, unknown>[] = [];
  const endpoints = applicationEndpoints({
    clients: world.clients,
    namespace: 'selvedge',
    authenticator: {
      authenticate: (header) => {
        const subject = /^Bearer (\w+)$/.exec(header ?? '')?.[1];
        if (subject === undefined) return Promise.reject(new Unauthorized('no token'));
        return Promise.resolve({
          id: subject,
          issuer: 'i',
          subject,
          username: subject,
          groups: [],
        });
      },
    },
    authorizer: {
      require: ({ subject }, access) => {
        asked.push(access);
        if (subject === 'denied') return Promise.reject(new Forbidden('RBAC says no'));
        return Promise.resolve();
      },
    },
  });
  const write = (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const log = pino({ level: 'info' }, { write });
  const server = createServer(functionApp({ endpoints, log })).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const types = { issue: 'dev.selvedge.identity.issue.v1', get: 'dev.selvedge.connection.get.v1' };
  return {
    ...{ world, asked, lines },
    send: (type, { network = 'supply', organization = 'farm', token = 'alice', body = '' } = {}) =>
      fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: {
          ...(token !== '' && { authorization: `Bearer ${token}` }),
          'content-type': 'application/json',
          'ce-specversion': '1.0',
          'ce-type': types[type],
          'ce-source': '/test',
          'ce-id': '1',
          'ce-network': network,
          'ce-organization': organization,
        },
        body,
      }),
  };
}

async function mountOf(world: World, kind: AuthorityKind): Promise<string> {
  return pkiMount(placeOf(await networkOf(world), settings), 'farm', kind);
}

async function authorities(world: World): Promise<void> {
  for (const kind of ['msp', 'tls'] as const) world.authorities.add(await mountOf(world, kind));
}

const signed = async () => JSON.stringify({ csr: (await makeRequest()).request });

test('who may be one of an organization is asked by the name of network and organization', async (t) => {
  const { send, asked, lines } = await served(t);
  const answer = await send('issue', { body: await signed() });
  t.is(answer.status, 201);
  const identity = (await answer.json()) as Record<string, string>;
  t.like(identity, { mspId: 'FarmMSP' });
  t.regex(identity['certificate']!, /^-----BEGIN CERTIFICATE-----/);
  t.regex(identity['ca']!, /^-----BEGIN CERTIFICATE-----/);
  t.deepEqual(asked, [
    {
      verb: 'create',
      resource: 'fabricnetworks',
      subresource: 'identities',
      namespace: 'selvedge',
      name: 'supply/farm',
    },
  ]);
  const { serial } = identity;
  t.like(
    lines.find(({ audit }) => audit === 'issued'),
    { user: 'alice', network: 'supply', organization: 'farm', serial },
  );
});

test('where the peers of an organization are is told to who may read the network', async (t) => {
  const { send, asked } = await served(t);
  const answer = await send('get');
  t.is(answer.status, 200);
  const hostname = 'farm-peer-0.selvedge-net-supply.svc.cluster.local';
  const profile = (await answer.json()) as { peers: Record<string, object> };
  t.like(profile, {
    name: 'supply-farm',
    version: '1.0.0',
    client: { organization: 'farm' },
    organizations: { farm: { mspid: 'FarmMSP', peers: ['farm-peer-0', 'farm-peer-1'] } },
  });
  t.like(profile.peers['farm-peer-0'], {
    url: `grpcs://${hostname}:7051`,
    grpcOptions: { 'ssl-target-name-override': hostname, hostnameOverride: hostname },
  });
  t.deepEqual(asked, [
    { verb: 'get', resource: 'fabricnetworks', namespace: 'selvedge', name: 'supply' },
  ]);
});

const refusals: Record<string, [type: 'issue' | 'get', sent: Sent, status: number, kind: string]> =
  {
    'an identity without a token': ['issue', { token: '' }, 401, 'unauthorized'],
    'a connection without a token': ['get', { token: '' }, 401, 'unauthorized'],
    'an identity for whom RBAC denies it': ['issue', { token: 'denied' }, 403, 'forbidden'],
    'a connection for whom RBAC denies it': ['get', { token: 'denied' }, 403, 'forbidden'],
    'an identity of an unknown network': ['issue', { network: 'other' }, 404, 'not-found'],
    'a connection to an unknown network': ['get', { network: 'other' }, 404, 'not-found'],
    'an identity of an unknown organization': ['issue', { organization: 'mill' }, 404, 'not-found'],
    'a connection to an unknown organization': ['get', { organization: 'mill' }, 404, 'not-found'],
    'a name that climbs': ['issue', { organization: '../farm' }, 400, 'bad-request'],
    'a body that is no JSON': ['issue', { body: '{' }, 400, 'bad-request'],
    'a body with a role': ['issue', { body: '{"csr":"x","role":"admin"}' }, 400, 'bad-request'],
    'a request that is none': ['issue', { body: '{"csr":"x"}' }, 422, 'unprocessable'],
    'a body of 65 KiB': ['issue', { body: ' '.repeat(65 * 1024) }, 413, 'too-large'],
  };
for (const [what, [type, sent, status, kind]] of Object.entries(refusals)) {
  test(`${what} is refused with ${status}`, async (t) => {
    const { send } = await served(t);
    const answer = await send(type, { body: await signed(), ...sent });
    t.is(answer.status, status);
    t.like(await answer.json(), { type: `https://selvedge.dev/problems/${kind}` });
  });
}

async function requestOf(name: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const naming = { keys, signingAlgorithm: algorithm, name: `CN=${name}` };
  return (await Pkcs10CertificateRequestGenerator.create(naming)).toString('pem');
}

const denied: Record<string, () => Promise<Sent>> = {
  'by RBAC': () => Promise.resolve({ token: 'denied' }),
  'an identity of another name': async () => ({
    body: JSON.stringify({ csr: await requestOf('bob') }),
  }),
};
for (const [what, sent] of Object.entries(denied)) {
  test(`the audit hears of who was denied ${what}`, async (t) => {
    const { send, lines } = await served(t);
    const { token = 'alice', ...rest } = await sent();
    t.is((await send('issue', { token, ...rest })).status, 403);
    const fact = lines.find(({ audit }) => audit === 'denied');
    t.like(fact, { user: token, network: 'supply', organization: 'farm' });
    t.truthy(fact!['reason']);
  });
}

test('who asks for identities in a loop is told to wait, and others are not', async (t) => {
  const { send } = await served(t);
  const body = await signed();
  for (let i = 0; i < 30; i++) t.is((await send('issue', { body })).status, 201);
  const over = await send('issue', { body });
  t.is(over.status, 429);
  t.true(Number(over.headers.get('retry-after')) > 0);
  t.is((await send('issue', { body, token: 'bob' })).status, 201);
});

test('an authority that goes with its network while it signs is not found', async (t) => {
  const { send, world } = await served(t);
  world.clients.identities.sign = () => Promise.reject(new NotFound('it is no more'));
  t.is((await send('issue', { body: await signed() })).status, 404);
});

test('who may not learns nothing of whether there is such a network', async (t) => {
  const { send } = await served(t);
  const there = await send('issue', { token: 'denied' });
  const nowhere = await send('issue', { token: 'denied', network: 'other' });
  t.is(await there.text(), await nowhere.text());
});

for (const [type, kind] of [
  ['issue', 'msp'],
  ['get', 'tls'],
] as const) {
  test(`${type} has to wait while the authority ${kind} is not made`, async (t) => {
    const { send, world } = await served(t);
    world.authorities.delete(await mountOf(world, kind));
    const answer = await send(type, { body: await signed() });
    t.is(answer.status, 503);
    t.truthy(answer.headers.get('retry-after'));
  });

  test(`${type} is a conflict while the network is being deleted`, async (t) => {
    const { send, world } = await served(t);
    const network = await networkOf(world);
    const { apiVersion, kind: of, metadata } = network;
    const ref = { apiVersion, kind: of, namespace: metadata.namespace, name: metadata.name };
    await world.kubernetes.merge(ref, { metadata: { finalizers: ['selvedge.dev/network'] } });
    await world.kubernetes.remove(ref);
    t.is((await send(type, { body: await signed() })).status, 409);
  });
}
