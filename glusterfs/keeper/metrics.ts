import { Gauge, Registry } from 'prom-client';

import type { State } from './decide.ts';

/** What this server sees of the replicated volume, in the Prometheus text format. */
const registry = new Registry();

const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
  new Gauge({ name: `selvedge_volume_${name}`, help, labelNames, registers: [registry] });

const peers = gauge('peers', 'Other servers that this one is connected to and agrees with');
const bricks = gauge('brick_online', 'Whether the brick of a server serves', ['server']);
const quorum = gauge('quorum', 'Whether enough bricks serve for writes to be taken');
const pending = gauge('heal_pending', 'Files that a brick knows another to lack', ['server']);
const split = gauge('split_brain', 'Files whose copies contradict each other', ['server']);

/** Takes down what a look saw. */
export function measure(state: State): void {
  peers.set(state.peers.filter((one) => one.connected && one.befriended).length);
  for (const { host, online } of state.bricks) bricks.set({ server: host }, Number(online));
  const online = state.bricks.filter((one) => one.online).length;
  quorum.set(Number(online > state.servers.length / 2));
  pending.reset();
  split.reset();
  for (const one of state.heal) {
    pending.set({ server: one.host }, one.pending);
    split.set({ server: one.host }, one.splitBrain);
  }
}

export const metrics = (): Promise<string> => registry.metrics();
