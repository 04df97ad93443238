import express, { type Express } from 'express';
import type { Authenticator } from '../lib/function/authentication.ts';
import type { Authorizer } from '../lib/kubernetes/authorization.ts';
import type { Kubernetes } from '../lib/kubernetes/client.ts';
import type { Logger } from '../lib/log.ts';
import type { Tell } from '../lib/suspicion/suspects.ts';
import { authenticated, identify } from './context.ts';
import { createFairness, defaultBudgets, fair, type Budgets } from './fair.ts';
import { createForward, type Forward } from './forward.ts';
import { createHedge } from './hedge.ts';
import { createNetworks } from './networks.ts';
import { observe } from './observe.ts';
import type { Floor } from './pace.ts';
import { noRoute, problems } from './problem.ts';
import { createProgress } from './progress.ts';
import { openApi } from './openapi.ts';
import { applicationRoutes } from './routes/applications.ts';
import { batchRoutes } from './routes/batch.ts';
import { erasureRoutes } from './routes/erasure.ts';
import { keyRoutes } from './routes/keys.ts';
import { metaRoutes } from './routes/meta.ts';
import { networkRoutes } from './routes/networks.ts';
import { policyRoutes } from './routes/policies.ts';
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
  keysUrl: string;
  provisioningUrl: string;
  /** The largest datum taken. */
  maxBodyBytes: number;
  /** What each user may take of it. */
  budgets?: Budgets;
  /** How fast a body must come. */
  floor?: Floor;
  /** How long a function may stand still before its caller hears 503. */
  timeoutMs: number;
  /** Milliseconds without an answer after which a read, and a put that can be, is tried a second time. */
  patience?: { read: number; put: number };
  /** Hears of functions that did not answer a first try. */
  tell?: Tell;
  /** Aborted when the gateway ends. */
  ending: AbortSignal;
  log: Logger;
}

/** A read is done in less, also by a function that has to start; a put waits for the chain. */
const defaultPatience = { read: 1_000, put: 2_500 };

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
  // Everything below asks for a token, so that a route added there cannot forget to.
  app.use(authenticated(authenticator), fair(createFairness(options.budgets ?? defaultBudgets)));
  mount(app, closed);
  app.use(noRoute, problems(log));
  return app;
}

/** Every route there is: those that ask for no token, and those that do. */
export function createRoutes(options: GatewayOptions): { open: Route[]; closed: Route[] } {
  const { authorizer, kubernetes, namespace, ending, log, patience = defaultPatience } = options;
  const forward = createForward(options);
  const hedge = (afterMs: number): Forward => createHedge({ ...options, forward, afterMs });
  const [hedgedRead, hedgedPut] = [hedge(patience.read), hedge(patience.put)];
  const networks = createNetworks(kubernetes, namespace);
  const progress = createProgress({ networks, kubernetes, namespace, ending, log });
  const closed = [
    ...networkRoutes({ networks, authorizer, progress, namespace }),
    ...applicationRoutes({ ...options, forwardGet: hedgedRead, forwardPost: hedgedPut }),
    ...putRoutes({ ...options, forward, hedged: hedgedPut }),
    ...batchRoutes({ ...options, forward }),
    ...readRoutes({ ...options, forward: hedgedRead }),
    ...erasureRoutes({ ...options, forward: hedgedPut }),
    ...policyRoutes({ ...options, forwardGet: hedgedRead, forwardPut: hedgedPut }),
    ...keyRoutes({ ...options, forward, forwardGet: hedgedRead, forwardDelete: hedgedPut }),
  ];
  const open: Route[] = metaRoutes(ending, () => document);
  const document = openApi([...closed, ...open]);
  return { open, closed };
}
