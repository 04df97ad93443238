import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';

import type { Logger } from '../../functions/lib/log.ts';
import { isAddress, type Shut } from './shut.ts';

/**
 * Serves whom this server keeps out, to failover alone (network-policies.yaml): `GET /shut` lists them, `PUT` and
 * `DELETE /shut/ADDRESS` add and remove one. What is answered with success is in force.
 */
export async function serveShut(shut: Shut, port: number, log: Logger): Promise<Server> {
  const changes: Record<string, (address: string) => Promise<void>> = {
    PUT: (address) => shut.close(address),
    DELETE: (address) => shut.open(address),
  };
  const answer = async (method: string, path: string, response: ServerResponse): Promise<void> => {
    const [, address = ''] = /^\/shut\/([^/]+)$/.exec(path) ?? [];
    const change = changes[method];
    if (change && isAddress(address)) {
      log.warn({ method, address }, 'who is kept out changes');
      await change(address);
      response.writeHead(204).end();
    } else if (method === 'GET' && path === '/shut') {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(shut.addresses));
    } else {
      response.writeHead(404).end();
    }
  };
  const server = createServer(({ method = '', url = '' }, response) => {
    answer(method, url, response).catch((error: unknown) => {
      log.error({ error }, 'it could not be done');
      response.writeHead(500).end();
    });
  });
  server.listen(port);
  await once(server, 'listening');
  return server;
}
