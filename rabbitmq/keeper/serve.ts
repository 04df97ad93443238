import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import type { Other, Said } from './decide.ts';

/** What a member says to others, and to the kubelet. */
export interface Standing {
  says: Said;
}

const known: readonly string[] = ['empty', 'kept', 'running'] satisfies Said[];

/** Serves `/member`, what this member says of itself; `/livez`; and `/readyz`: it is a part of the cluster. */
export async function serve(standing: Standing, port: number): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const ready = standing.says === 'running';
    if (url === '/member') response.end(standing.says);
    else if (url === '/livez') response.end();
    else if (url === '/readyz') response.writeHead(ready ? 200 : 503).end();
    else response.writeHead(404).end();
  });
  server.listen(port);
  await once(server, 'listening');
  return server;
}

/** Asks another member. */
export async function ask(host: string, port: number): Promise<Other> {
  try {
    const signal = AbortSignal.timeout(2000);
    const response = await fetch(`http://${host}:${port}/member`, { signal });
    const said = await response.text();
    return { host, says: known.includes(said) ? (said as Said) : undefined };
  } catch {
    return { host, says: undefined };
  }
}
