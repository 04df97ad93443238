import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** The metrics of this process, served at `/metrics` in the Prometheus text format. */
export const registry = new Registry();
collectDefaultMetrics({ register: registry });

/** Seconds a CloudEvent took to be handled, by event type and status of the reply. */
export const eventSeconds = new Histogram({
  name: 'selvedge_event_seconds',
  help: 'Seconds a CloudEvent took to be handled',
  labelNames: ['type', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  registers: [registry],
});

/** Reads whose stored bytes did not match the chain: any value above zero is an alarm. */
export const integrityErrors = new Counter({
  name: 'selvedge_integrity_errors_total',
  help: 'Reads refused because what is stored does not match the chain',
  registers: [registry],
});

/** Actions of the failover function, by the check that called for them, action and outcome. */
export const failoverActions = new Counter({
  name: 'selvedge_failover_actions_total',
  help: 'Actions taken to heal the system',
  labelNames: ['check', 'action', 'outcome'],
  registers: [registry],
});
