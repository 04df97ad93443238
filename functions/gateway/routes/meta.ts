import { Router } from 'express';
import { registry } from '../../lib/function/metrics.ts';
import { Unavailable } from '../../lib/errors.ts';
import { openApi } from '../openapi.ts';

/** What the gateway says of itself. @param ending aborted when it should get no new requests */
export function metaRoutes(ending: AbortSignal): Router {
  const router = Router({ caseSensitive: true });
  const document = JSON.stringify(openApi());
  router.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', (_request, response) => {
    if (ending.aborted) throw new Unavailable('the gateway is ending');
    response.json({ status: 'ok' });
  });
  router.get('/metrics', async (_request, response) => {
    response.type(registry.contentType).send(await registry.metrics());
  });
  router.get('/openapi.json', (_request, response) => {
    response.type('json').send(document);
  });
  return router;
}
