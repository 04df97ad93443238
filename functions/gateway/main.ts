import { z } from 'zod';
import { createAuthenticator } from '../lib/function/authentication.ts';
import { createAuthorizer } from '../lib/kubernetes/authorization.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLogger } from '../lib/log.ts';
import { serve } from '../lib/function/serve.ts';
import { createApp } from './app.ts';
import { holdBodies } from './expect.ts';

const env = readEnv({
  PORT: settings.PORT,
  NAMESPACE: settings.NAMESPACE,
  DATA_PUT_URL: z.url(),
  DATA_GET_URL: z.url(),
  OIDC_ISSUER: settings.OIDC_ISSUER,
  OIDC_AUDIENCE: settings.OIDC_AUDIENCE,
  OIDC_JWKS_URL: z.url().optional(),
  MAX_BODY_BYTES: z.coerce
    .number()
    .int()
    .min(1)
    .default(5 * 1024 ** 3),
  FUNCTION_TIMEOUT_SECONDS: z.coerce.number().int().min(1).max(3600).default(60),
});
const log = createLogger('gateway');
const kubernetes = connectKubernetes();
const ending = new AbortController();
const timeoutMs = env.FUNCTION_TIMEOUT_SECONDS * 1000;

const app = createApp({
  authenticator: createAuthenticator({
    issuer: env.OIDC_ISSUER,
    audience: env.OIDC_AUDIENCE,
    jwksUrl: env.OIDC_JWKS_URL,
  }),
  authorizer: createAuthorizer(kubernetes),
  kubernetes,
  namespace: env.NAMESPACE,
  dataPutUrl: env.DATA_PUT_URL,
  dataGetUrl: env.DATA_GET_URL,
  maxBodyBytes: env.MAX_BODY_BYTES,
  timeoutMs,
  ending: ending.signal,
  log,
});
const server = serve(app, { port: env.PORT, log });
holdBodies(server, app);
// A connection on which nothing moves is given up, after the functions had their time.
server.setTimeout(2 * timeoutMs);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort());
