/** data-put and data-get as they are called: CloudEvents over HTTP, tokens, real stores. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endpoints as getEndpoints } from '../../functions/data-get/handler.ts';
import { endpoints as putEndpoints } from '../../functions/data-put/handler.ts';
import { createOutbox } from '../../functions/data-put/outbox.ts';
import { createAuthenticator } from '../../functions/lib/function/authentication.ts';
import type { Access } from '../../functions/lib/kubernetes/authorization.ts';
import { Forbidden } from '../../functions/lib/errors.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { functionApp } from '../../functions/lib/function/serve.ts';
import { alice, audience, startIssuer, type Issuer } from '../fakes/issuer.ts';
import { startWorld, type World } from './world.ts';

/** Both functions on loopback, and how an event is sent to one of them. */
export interface Functions {
  world: World;
  issuer: Issuer;
  servers: Server[];
  asked: Access[];
  send: (event: Sent) => Promise<Response>;
  stop: () => Promise<void>;
}
export interface Sent {
  to: 'put' | 'get';
  type?: string;
  attributes?: Record<string, string>;
  subject?: string;
  body?: string | Buffer<ArrayBuffer>;
  contentType?: string;
  headers?: Record<string, string>;
}

export const bob = alice.replace('alice', 'bob');
/** Whom RBAC denies everything. */
export const denied = alice.replace('alice', 'denied');

export async function startFunctions(): Promise<Functions> {
  const [world, issuer] = await Promise.all([startWorld(), startIssuer()]);
  const log = createLogger('test');
  log.level = 'silent';
  const authenticator = createAuthenticator({
    issuer: issuer.url,
    audience,
    serviceAccounts: true,
  });
  const asked: Access[] = [];
  const authorizer = {
    require: (caller: { subject: string }, access: Access) => {
      asked.push(access);
      if (caller.subject === denied) return Promise.reject(new Forbidden('RBAC says no'));
      return Promise.resolve();
    },
  };
  const { putDeps: deps, getDeps } = world;
  const broker = { send: () => Promise.resolve() };
  const outbox = createOutbox({ metadata: deps.metadata, broker, now: deps.now }, log);
  const namespace = 'selvedge';
  const apps = {
    put: putEndpoints({ deps, outbox, authenticator, authorizer, namespace }),
    get: getEndpoints({ deps: getDeps, authenticator, namespace }),
  };
  const servers: Server[] = [];
  const urls: Record<string, string> = {};
  for (const [name, endpoints] of Object.entries(apps)) {
    const server = createServer(functionApp({ endpoints, log })).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    servers.push(server);
  }
  const send = async ({ to, type, attributes, subject, body, contentType, headers }: Sent) => {
    const ce = { specversion: '1.0', source: '/test', id: randomUUID(), network: 'supply' };
    const all = { ...ce, type: type ?? `dev.selvedge.data.${to}.v1`, ...attributes };
    return fetch(urls[to]!, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.token(subject === undefined ? {} : { sub: subject })}`,
        'content-type': contentType ?? 'application/json',
        ...Object.fromEntries(
          Object.entries(all).map(([k, v]) => [`ce-${k}`, encodeURIComponent(v)]),
        ),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
  };
  const stop = async (): Promise<void> => {
    for (const server of servers) server.close();
    await Promise.all([world.stop(), issuer.close()]);
  };
  return { world, issuer, servers, asked, send, stop };
}
