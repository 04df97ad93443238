import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { ExecutionContext } from 'ava';
import type { Express } from 'express';
import { pino, stdSerializers } from 'pino';
import { createApp } from '../../../functions/gateway/app.ts';
import { answerBroken } from '../../../functions/gateway/broken.ts';
import type { Budgets } from '../../../functions/gateway/fair.ts';
import type { Floor } from '../../../functions/gateway/pace.ts';
import { holdBodies } from '../../../functions/gateway/expect.ts';
import type { Authenticator, Caller } from '../../../functions/lib/function/authentication.ts';
import type { Access, Authorizer } from '../../../functions/lib/kubernetes/authorization.ts';
import { Forbidden, Unauthorized } from '../../../functions/lib/errors.ts';
import { FakeNetworks } from '../../fakes/networks.ts';

/** Starts a server on loopback that ends with the test, and gives its address. */
export async function listen(
  t: ExecutionContext,
  listener: RequestListener,
): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

const alice: Caller = {
  id: 'a1',
  issuer: 'https://issuer.example',
  subject: 'alice',
  username: 'alice',
  groups: [],
};

export const bearer = { authorization: 'Bearer alice' };

export interface Gateway {
  app: Express;
  url: string;
  networks: FakeNetworks;
  /** What RBAC was asked, e.g. `update supply`. */
  asked: string[];
  /** The log's lines. */
  lines: () => Record<string, unknown>[];
  end: () => void;
}

/** The gateway on loopback, with a real function server behind it that answers by `listener`. */
export async function startGateway(
  t: ExecutionContext,
  listener: RequestListener = (_request, response) => void response.end(),
  {
    may = () => true,
    ...options
  }: {
    may?: (access: Access) => boolean;
    maxBodyBytes?: number;
    timeoutMs?: number;
    dataUrl?: string;
    budgets?: Budgets;
    floor?: Floor;
  } = {},
): Promise<Gateway> {
  const authenticator: Authenticator = {
    authenticate: (header) =>
      header === bearer.authorization
        ? Promise.resolve(alice)
        : Promise.reject(new Unauthorized('a bearer token is needed')),
  };
  const asked: string[] = [];
  const authorizer: Authorizer = {
    require: (_caller, access) => {
      asked.push([access.verb, access.name].filter(Boolean).join(' '));
      return may(access) ? Promise.resolve() : Promise.reject(new Forbidden('alice may not'));
    },
  };
  const functions = options.dataUrl ?? (await listen(t, listener)).url;
  const networks = new FakeNetworks();
  const ending = new AbortController();
  const log: string[] = [];
  const logger = pino(
    { level: 'trace', serializers: { error: stdSerializers.err } },
    { write: (line: string) => void log.push(line) },
  );
  const app = createApp({
    authenticator,
    authorizer,
    kubernetes: networks.edge,
    namespace: 'selvedge',
    dataPutUrl: `${functions}/put`,
    dataGetUrl: `${functions}/get`,
    keysUrl: `${functions}/keys`,
    provisioningUrl: `${functions}/provisioning`,
    maxBodyBytes: options.maxBodyBytes ?? 1024 ** 3,
    timeoutMs: options.timeoutMs ?? 5000,
    ...(options.budgets && { budgets: options.budgets }),
    ...(options.floor && { floor: options.floor }),
    // On a busy machine an answer may be late; second tries have tests of their own.
    patience: { read: 120_000, put: 120_000 },
    ending: ending.signal,
    log: logger,
  });
  const { url, server } = await listen(t, app);
  holdBodies(server, app);
  answerBroken(server, logger);
  t.teardown(() => ending.abort());
  return {
    app,
    url,
    networks,
    asked,
    lines: () => log.map((line) => JSON.parse(line) as Record<string, unknown>),
    end: () => ending.abort(),
  };
}

interface Seen {
  url: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A function that keeps what came, and answers. */
export function recording(answer: (response: ServerResponse) => void): {
  seen: Seen[];
  listener: RequestListener;
} {
  const seen: Seen[] = [];
  return {
    seen,
    listener: (request, response) => {
      void text(request).then((body) => {
        seen.push({ url: request.url, headers: request.headers, body });
        answer(response);
      });
    },
  };
}
