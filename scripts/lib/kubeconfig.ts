import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The cluster that is meant where none is named: that of this checkout, or else the usual one. */
export function usualKubeconfig(local: string): string {
  if (process.env['KUBECONFIG']) return process.env['KUBECONFIG'];
  return existsSync(local) ? local : join(homedir(), '.kube', 'config');
}
