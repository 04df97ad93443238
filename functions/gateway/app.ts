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
import { dataRoutes } from './routes/data.ts';
import { metaRoutes } from './routes/meta.ts';
import { networkRoutes } from './routes/networks.ts';
import { receiptRoutes } from './routes/receipts.ts';

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
  const { authenticator, authorizer, kubernetes, namespace, ending, log } = options;
  const forward = createForward(options);
  const networks = createNetworks(kubernetes, namespace);
  const progress = createProgress({ networks, kubernetes, namespace, ending, log });

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use(identify, observe(log));
  app.use(metaRoutes(ending));
  // From here on, whatever the path: a route cannot be reached around the check.
  app.use(authenticated(authenticator));
  app.use(networkRoutes({ networks, authorizer, progress, namespace }));
  app.use(dataRoutes({ ...options, forward }));
  app.use(receiptRoutes({ ...options, forward }));
  app.use(noRoute, problems(log));
  return app;
}
