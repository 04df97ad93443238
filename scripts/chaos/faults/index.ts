/** Every fault there is, in the order in which they are listed. */
import { drain } from './drain.ts';
import type { Fault } from './fault.ts';
import { nodeFaults } from './nodes.ts';
import { pausedFaults } from './paused.ts';
import { podFaults } from './pods.ts';

export const faults: readonly Fault[] = [...podFaults, ...nodeFaults, drain, ...pausedFaults];

/** @throws Error that names those there are */
export function faultNamed(name: string): Fault {
  const found = faults.find((fault) => fault.name === name);
  if (found) return found;
  throw new Error(
    `no fault is called ${name}; there are: ${faults.map((one) => one.name).join(', ')}`,
  );
}
