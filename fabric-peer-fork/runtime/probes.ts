import { createServer, type Server } from 'node:http';

/**
 * Answers the kubelet: `/healthz` while the event loop turns, `/readyz` with 200 while the chaincode is registered
 * with its peer and 503 otherwise.
 */
export function serveProbes(port: number, ready: () => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/healthz' || ready() ? 200 : 503;
    response.end();
  });
  return new Promise((listening, failed) => {
    server.once('error', failed);
    server.listen(port, () => listening(server));
  });
}
