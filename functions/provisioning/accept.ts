/** What a network asks for, taken up or refused; where it is refused, its status says why. */
import { type FabricNetwork, networkSpec, type NetworkSpec } from '../lib/network.ts';
import { refusedStatus } from './brief-status.ts';
import type { Clients } from './clients.ts';
import { type Fault, Refused } from './fault.ts';
import { place } from './placement.ts';
import { observe, writeStatus } from './resource.ts';
import { placeOf, type Plan, planOf } from './resources/plan.ts';
import { witnessesOf } from './witnesses.ts';

/** The spec, or undefined where it breaks a rule: then the status names every fault. */
export async function accepted(
  clients: Clients,
  network: FabricNetwork,
): Promise<NetworkSpec | undefined> {
  const spec = networkSpec.safeParse(network.spec);
  if (spec.success) return spec.data;
  const faults = spec.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  return refuse(clients, network, { reason: 'Invalid', message: faults.join('; ') });
}

/** The plan, or undefined where the spec asks for what cannot be changed any more. */
export async function planned(
  clients: Clients,
  network: FabricNetwork,
  spec: NetworkSpec,
): Promise<Plan | undefined> {
  const decided = network.status?.placement;
  const id = placeOf(network, clients.settings);
  const known = decided ? { decided } : { witnesses: await witnessesOf(clients, id, spec) };
  try {
    return planOf(network, spec, place(spec, known), clients.settings);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return refuse(clients, network, error);
  }
}

async function refuse(clients: Clients, network: FabricNetwork, fault: Fault): Promise<undefined> {
  await writeStatus(clients, network, refusedStatus(observe(clients, network), fault));
}
