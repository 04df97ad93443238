import type { Clients } from './clients.ts';
import { observe, read, writeStatus } from './resource.ts';
import type { NetworkId } from './resources/names.ts';
import { queuedStatus } from './brief-status.ts';

/** Tells whoever applied a network that it was seen, where no pass has told anything yet. */
export async function greet(clients: Clients, id: NetworkId): Promise<void> {
  const network = await read(clients, id);
  if (!network || network.status?.phase || network.metadata.deletionTimestamp) return;
  await writeStatus(clients, network, queuedStatus(observe(clients, network)));
}
