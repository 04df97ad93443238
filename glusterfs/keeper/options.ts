/** The volume under ledgers, and its options; docs/decisions/glusterfs.md says why each. */

export const volume = 'replicated';

/** What a ledger needs is that a write that was acknowledged is on two disks, and that every node reads it. */
export const options: Readonly<Record<string, string>> = {
  // A write counts on two of three bricks, or not at all; a server that sees no other stops its brick.
  'cluster.quorum-type': 'auto',
  'cluster.server-quorum-type': 'server',
  // Seconds that all writers stand still when a server is lost.
  'network.ping-timeout': '5',
  // Nothing is acknowledged or answered from a buffer of one client.
  'performance.write-behind': 'off',
  'performance.flush-behind': 'off',
  'performance.stat-prefetch': 'off',
  'performance.quick-read': 'off',
  'performance.read-ahead': 'off',
  'performance.readdir-ahead': 'off',
  'performance.io-cache': 'off',
  'performance.open-behind': 'off',
  'performance.strict-o-direct': 'on',
  // A server that was away has no locks, and with this on would never again serve a file that is
  // locked and open: after two of them started anew, one by one, no orderer could write.
  'client.strict-locks': 'off',
  // Ledgers are appended to: only blocks that differ are copied.
  'cluster.data-self-heal-algorithm': 'diff',
  // A ledger is hundreds of small files, and each takes some trips between servers.
  'cluster.shd-max-threads': '4',
  'diagnostics.brick-log-level': 'WARNING',
  'diagnostics.client-log-level': 'WARNING',
};

/** Those of the wanted options that the volume does not have. */
export function missingOptions(had: Readonly<Record<string, string>>): Record<string, string> {
  const missing = Object.entries(options).filter(([name, value]) => had[name] !== value);
  return Object.fromEntries(missing);
}
