import express, { type Express } from 'express';
import type { Authenticator } from '../lib/function/authentication.ts';
import type { Authorizer } from '../lib/kubernetes/authorization.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import { authenticated, identify } from './context.ts';
import { createForward } from './forward.ts';
import { createNetworks } from './networks.ts';
import { observe } from './observe.ts';
import { noRoute, problems } from './problem.ts';
import { createProgress } from './progress.ts';
import { openApi } from './openapi.ts';
import { metaRoutes } from './routes/meta.ts';
import { networkRoutes } from './routes/networks.ts';
import { putRoutes } from './routes/put.ts';
import { readRoutes } from './routes/reads.ts';
import { mount, type Route } from './routes/route.ts';

export interface GatewayOptions {
  authenticator: Authenticator;
  authorizer: Authorizer;
  kubernetes: Pick<Kubernetes, 'get' | 'list' | 'create' | 'replace' | 'remove' | 'watch'>;
  /** Where the networks are. */
  namespace: string;
  dataPutUrl: string;
  dataGetUrl: string;
  /** The largest datum taken. */
  maxBodyBytes: number;
  /** How long a function may stand still before its caller hears 503. */
  timeoutMs: number;
  /** Aborted when the gateway ends. */
  ending: AbortSignal;
  log: Logger;
}

/** The HTTP API: HTTP in, CloudEvents and custom resources out. */
export function createApp(options: GatewayOptions): Express {
  const { authenticator, log } = options;
  const { open, closed } = createRoutes(options);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(identify, observe(log));
  mount(app, open);
  // From here on, whatever the path: a route cannot be reached around the check.
  app.use(authenticated(authenticator));
  mount(app, closed);
  app.use(noRoute, problems(log));
  return app;
}

/** Every route there is: those that ask for no token, and those that do. */
export function createRoutes(options: GatewayOptions): { open: Route[]; closed: Route[] } {
  const { authorizer, kubernetes, namespace, ending, log } = options;
  const forward = createForward(options);
  const networks = createNetworks(kubernetes, namespace);
  const progress = createProgress({ networks, kubernetes, namespace, ending, log });
  const closed = [
    ...networkRoutes({ networks, authorizer, progress, namespace }),
    ...putRoutes({ ...options, forward }),
    ...readRoutes({ ...options, forward }),
  ];
  const open: Route[] = metaRoutes(ending, () => document);
  const document = openApi([...closed, ...open]);
  return { open, closed };
}
