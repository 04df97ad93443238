import { Router } from 'express';
import { relay } from '../relay.ts';
import { read, type DataOptions } from './data.ts';

/** The receipt of a datum, with the record on the chain as a peer has it now. */
export function receiptRoutes(options: Pick<DataOptions, 'forward' | 'dataGetUrl'>): Router {
  const router = Router({ caseSensitive: true });
  router.get('/v1/networks/:network/data/:key/receipt', async (request, response) => {
    await relay(await read(options, 'receipt', request, response), response);
  });
  return router;
}
