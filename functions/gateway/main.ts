import { z } from 'zod';
import { createAuthenticator } from '../lib/function/authentication.ts';
import { createAuthorizer } from '../lib/kubernetes/authorization.ts';
import { announceTimeout, createAnnouncer } from '../lib/function/announce.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { authenticatorOptions } from '../lib/function/options.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLogger } from '../lib/log.ts';
import { serve } from '../lib/function/serve.ts';
import { createApp } from './app.ts';
import { answerBroken } from './broken.ts';
import { holdBodies } from './expect.ts';
import { defaultBudgets } from './fair.ts';

const env = readEnv({
  PORT: settings.PORT,
  NAMESPACE: settings.NAMESPACE,
  DATA_PUT_URL: z.url(),
  DATA_GET_URL: z.url(),
  KEYS_URL: z.url(),
  PROVISIONING_URL: z.url(),
  FAILOVER_URL: settings.FAILOVER_URL,
  OIDC_ISSUER: settings.OIDC_ISSUER,
  OIDC_AUDIENCE: settings.OIDC_AUDIENCE,
  OIDC_JWKS_URL: settings.OIDC_JWKS_URL,
  MAX_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(5 * 1024 ** 3),
  /** What each user may take; requests under way are shared by all. */
  USER_REQUESTS_PER_SECOND: z.coerce.number().min(1).default(defaultBudgets.requestsPerSecond),
  USER_BYTES_PER_SECOND: z.coerce.number().min(1).default(defaultBudgets.bytesPerSecond),
  REQUESTS_IN_FLIGHT: z.coerce.number().int().min(1).default(defaultBudgets.inFlight),
  FUNCTION_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(3600).default(60),
});
const log = createLogger('gateway');
const kubernetes = connectKubernetes();
const failover = connectBroker(env.FAILOVER_URL, announceTimeout);
const ending = new AbortController();
const timeoutMs = env.FUNCTION_TIMEOUT_SECONDS * 1000;

const app = createApp({
  authenticator: createAuthenticator(authenticatorOptions(env)),
  authorizer: createAuthorizer(kubernetes),
  kubernetes,
  namespace: env.NAMESPACE,
  dataPutUrl: env.DATA_PUT_URL,
  dataGetUrl: env.DATA_GET_URL,
  keysUrl: env.KEYS_URL,
  provisioningUrl: env.PROVISIONING_URL,
  maxBodyBytes: env.MAX_BODY_BYTES,
  timeoutMs,
  budgets: {
    requestsPerSecond: env.USER_REQUESTS_PER_SECOND,
    bytesPerSecond: env.USER_BYTES_PER_SECOND,
    inFlight: env.REQUESTS_IN_FLIGHT,
  },
  tell: createAnnouncer({ failover, observer: 'gateway' }),
  ending: ending.signal,
  log,
});
const server = serve(app, { port: env.PORT, log });
holdBodies(server, app);
answerBroken(server, log);
// A connection on which nothing moves is given up, after the functions had their time.
server.setTimeout(2 * timeoutMs);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
