import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import {
  Conflict,
  Forbidden,
  Gone,
  Unavailable,
  Unprocessable,
} from '../../../../functions/lib/errors.ts';
import {
  connectKubernetes,
  type Kubernetes,
  type KubernetesObject,
  pathOf,
} from '../../../../functions/lib/kubernetes/client.ts';

interface Seen {
  method: string;
  url: string;
  contentType: string | undefined;
  authorization: string | undefined;
  accept: string | undefined;
  body: string;
}
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** An API server that notes what it is asked and answers as told. */
async function apiServer(
  t: ExecutionContext,
  answer: Answer,
  timeoutMs = 10_000,
): Promise<{ kubernetes: Kubernetes; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = '', url = '', headers } = request;
      const { authorization, accept } = headers;
      seen.push({ method, url, contentType: headers['content-type'], authorization, accept, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const file = join(mkdtempSync(join(tmpdir(), 'selvedge-test-')), 'kubeconfig');
  writeFileSync(
    file,
    JSON.stringify({
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      clusters: [
        {
          name: 'test',
          cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
        },
      ],
      users: [{ name: 'test', user: { token: 'secret-token' } }],
    }),
  );
  process.env['KUBECONFIG'] = file;
  return { kubernetes: connectKubernetes({ timeoutMs }), seen };
}

const json =
  (status: number, value: unknown): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  };

const secret = { apiVersion: 'v1', kind: 'Secret', namespace: 'here', name: 'mine' };
const object: KubernetesObject & { data: object } = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'mine', namespace: 'here' },
  data: { unknownToTheSdk: 'kept' },
};

const paths: [Parameters<typeof pathOf>[0], string][] = [
  [secret, '/api/v1/namespaces/here/secrets/mine'],
  [{ apiVersion: 'v1', kind: 'Node', name: 'one' }, '/api/v1/nodes/one'],
  [
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', namespace: 'here' },
    '/apis/networking.k8s.io/v1/namespaces/here/networkpolicies',
  ],
  [
    { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', namespace: '../x', name: 'a/b' },
    '/apis/selvedge.dev/v1alpha1/namespaces/..%2Fx/fabricnetworks/a%2Fb',
  ],
  [
    { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' },
    '/apis/storage.k8s.io/v1/storageclasses',
  ],
];
for (const [ref, path] of paths) {
  test(`${ref.kind} is at ${path}`, (t) => {
    t.is(pathOf(ref), path);
  });
}

test.serial('apply sends the object as it is, as the field manager selvedge', async (t) => {
  const { kubernetes, seen } = await apiServer(t, json(200, object));
  await kubernetes.apply(object);
  const [call] = seen;
  t.is(call?.method, 'PATCH');
  t.is(call?.url, '/api/v1/namespaces/here/secrets/mine?fieldManager=selvedge&force=true');
  t.is(call?.contentType, 'application/apply-patch+yaml');
  t.is(call?.authorization, 'Bearer secret-token');
  t.deepEqual(JSON.parse(call?.body ?? ''), object);
});

test.serial('what is not there is undefined, and removing it is fine', async (t) => {
  const { kubernetes } = await apiServer(t, json(404, { message: 'not found' }));
  t.is(await kubernetes.get(secret), undefined);
  await t.notThrowsAsync(kubernetes.remove(secret));
});

test.serial('a list is followed to its last page, and its items get their kind', async (t) => {
  const { kubernetes, seen } = await apiServer(t, (request, response) => {
    const last = request.url?.includes('continue=more');
    const item = { metadata: { name: last ? 'b' : 'a' } };
    json(200, { items: [item], metadata: last ? {} : { continue: 'more' } })(request, response);
  });
  const found = await kubernetes.list(
    { apiVersion: 'v1', kind: 'Pod', namespace: 'here' },
    'app=x,tier!=y',
  );
  t.deepEqual(
    found.map(({ kind, metadata }) => [kind, metadata.name]),
    [
      ['Pod', 'a'],
      ['Pod', 'b'],
    ],
  );
  t.true(seen.every(({ url }) => url.includes('labelSelector=app%3Dx%2Ctier%21%3Dy')));
});

test.serial('of a collection that is empty there are no heads', async (t) => {
  // As the API server answers.
  const { kubernetes } = await apiServer(t, json(200, { items: null, metadata: {} }));
  t.deepEqual(await kubernetes.heads({ apiVersion: 'v1', kind: 'Service' }, 'a=b'), []);
});

test.serial('heads are asked for without what is in them', async (t) => {
  const item = { metadata: { name: 'a' } };
  const { kubernetes, seen } = await apiServer(t, json(200, { items: [item], metadata: {} }));
  const found = await kubernetes.heads({ apiVersion: 'v1', kind: 'ConfigMap' }, 'a=b');
  t.deepEqual(found, [{ apiVersion: 'v1', kind: 'ConfigMap', ...item }]);
  t.regex(seen[0]?.accept ?? '', /as=PartialObjectMetadataList/);
});

const failures: [number, new (detail: string) => Error][] = [
  [403, Forbidden],
  [409, Conflict],
  [410, Gone],
  [422, Unprocessable],
  [429, Unavailable],
  [500, Unavailable],
  [503, Unavailable],
];
for (const [status, Wanted] of failures) {
  test.serial(`${status} from the API server is ${Wanted.name}, with its words`, async (t) => {
    const { kubernetes } = await apiServer(t, json(status, { message: 'because' }));
    const error = await t.throwsAsync<Error>(kubernetes.get(secret), { instanceOf: Wanted });
    t.regex(error.message, /because/);
  });
}

test.serial('a server that does not answer in time is Unavailable', async (t) => {
  const { kubernetes } = await apiServer(t, () => undefined, 200);
  await t.throwsAsync(kubernetes.get(secret), { instanceOf: Unavailable });
});

test.serial('a watch gives events as they come, however they are cut', async (t) => {
  const { kubernetes } = await apiServer(t, (_request, response) => {
    const lines = ['a', 'b'].map((name) =>
      JSON.stringify({ type: 'ADDED', object: { metadata: { name } } }),
    );
    const whole = `${lines.join('\n')}\n`;
    response.write(whole.slice(0, 10));
    setTimeout(() => response.end(whole.slice(10)), 20);
  });
  const names: string[] = [];
  const { signal } = new AbortController();
  const of = { apiVersion: 'v1', kind: 'Pod', namespace: 'here' };
  for await (const event of kubernetes.watch(of, { signal }))
    names.push(event.object.metadata.name);
  t.deepEqual(names, ['a', 'b']);
});

test.serial('a watch whose history is gone says so', async (t) => {
  const error = { type: 'ERROR', object: { code: 410, message: 'too old' } };
  const { kubernetes } = await apiServer(t, json(200, error));
  const watch = async () => {
    const { signal } = new AbortController();
    const of = { apiVersion: 'v1', kind: 'Pod' };
    for await (const event of kubernetes.watch(of, { signal })) t.fail(event.type);
  };
  // The last line of a stream may lack its end.
  await t.throwsAsync(watch(), { instanceOf: Gone });
});

test.serial('a watch ends quietly when it is no longer wanted', async (t) => {
  const { kubernetes } = await apiServer(t, (_request, response) => response.flushHeaders());
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 50);
  const of = { apiVersion: 'v1', kind: 'Pod' };
  for await (const event of kubernetes.watch(of, { signal: stop.signal })) t.fail(event.type);
  t.pass();
});

test.serial('a watch that breaks off says that the API server is gone', async (t) => {
  const { kubernetes } = await apiServer(t, (_request, response) => {
    response.write('{"type":"ADDED","object":{}}\n');
    setTimeout(() => response.destroy(), 50);
  });
  const watch = async () => {
    const { signal } = new AbortController();
    const of = { apiVersion: 'v1', kind: 'Pod' };
    for await (const event of kubernetes.watch(of, { signal })) t.is(event.type, 'ADDED');
  };
  await t.throwsAsync(watch(), { instanceOf: Unavailable });
});

test.serial('a list whose next page has expired begins anew', async (t) => {
  let calls = 0;
  const { kubernetes } = await apiServer(t, (request, response) => {
    const page = { items: [{ metadata: { name: `of call ${++calls}` } }], metadata: {} };
    if (calls === 1) json(200, { ...page, metadata: { continue: 'next' } })(request, response);
    else if (calls === 2) json(410, { message: 'too old' })(request, response);
    else json(200, page)(request, response);
  });
  const found = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod' });
  t.deepEqual(
    found.map(({ metadata }) => metadata.name),
    ['of call 3'],
  );
});
