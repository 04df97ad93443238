/** What is asked of each fault, in milliseconds. */

export interface Goal {
  /** The longest time without a write, and without a read. `none`: no read fails, and none waits for longer than before. */
  put: number;
  get: number | 'none';
  /** Until full strength. */
  strong: number;
  /** Not one request may fail. */
  spotless?: true;
}

export const goals: Readonly<Record<string, Goal>> = {
  'orderer-leader': { put: 1_500, get: 'none', strong: 30_000 },
  peer: { put: 250, get: 'none', strong: 30_000 },
  'node-dead': { put: 5_000, get: 2_000, strong: 60_000 },
  'node-cut-off': { put: 5_000, get: 2_000, strong: 60_000 },
  'vault-leader': { put: 5_000, get: 2_000, strong: 30_000 },
  'vault-all': { put: 20_000, get: 20_000, strong: 30_000 },
  drain: { put: 5_000, get: 'none', strong: 60_000, spotless: true },
};
