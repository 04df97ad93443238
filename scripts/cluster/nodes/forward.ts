import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { start } from '../machine/processes.ts';
import { gateway, nodes, state } from '../settings.ts';

/** Makes the gateway's port of the nodes, whichever are up, reachable on this machine, and on it alone. */
export async function startForward(): Promise<void> {
  const config = join(state, 'haproxy.cfg');
  await writeFile(config, forwardConfig());
  await start('forward', ['haproxy', '-db', '-f', config]);
}

/** Plain TCP, so that streams of any length pass. A client that says nothing for an hour is cut off. */
export function forwardConfig(): string {
  const servers = nodes.map(
    ({ name, address }) => `  server ${name} ${address}:${gateway.nodePort} check`,
  );
  return `global
  maxconn 2000
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout check 2s
frontend gateway
  bind ${gateway.address}:${gateway.port}
  default_backend nodes
backend nodes
  option redispatch
  retries 3
  default-server inter 2s fall 2 rise 1
${servers.join('\n')}
`;
}
