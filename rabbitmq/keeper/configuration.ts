/** What RabbitMQ is told, in the format of `rabbitmq.conf`, and what Erlang is. Pure. */

export interface Configuration {
  /** The folder of `tls.crt`, `tls.key` and `ca.crt`. */
  tls: string;
  user: string;
  password: string;
  /** The members to be one cluster with, when there is nothing on the disk: this one alone, or another first. */
  cluster: readonly string[];
}

/** Milliseconds in which an event must be settled: longer than all attempts of the most patient Trigger. */
const toSettle = 3 * 3600_000;

export const ports = { amqps: 5671, management: 15671, metrics: 15692, distribution: 25672 };

export const nodeOf = (host: string): string => `rabbit@${host}`;

export function configuration({ tls, user, password, cluster }: Configuration): string {
  const settings: Record<string, string | number> = {
    'listeners.tcp': 'none',
    'listeners.ssl.default': ports.amqps,
    ...withTls('ssl_options', tls),
    'management.ssl.port': ports.management,
    ...withTls('management.ssl', tls),
    'prometheus.tcp.port': ports.metrics,

    // Made with the cluster. It may set policies, for Knative writes where dead letters go as one.
    default_user: user,
    default_pass: password,
    'default_user_tags.policymaker': 'true',

    'cluster_formation.peer_discovery_backend': 'classic_config',
    ...Object.fromEntries(
      cluster.map((host, n) => [`cluster_formation.classic_config.nodes.${n + 1}`, nodeOf(host)]),
    ),
    // Two halves would each change queues and bindings, and one of them lose it.
    cluster_partition_handling: 'pause_minority',
    // The keeper starts it again, and knows better by then.
    mnesia_table_loading_retry_timeout: 10_000,
    mnesia_table_loading_retry_limit: 3,

    queue_leader_locator: 'balanced',
    consumer_timeout: toSettle,
    // Seconds; three of them missed end a connection.
    heartbeat: 3,

    // What every queue's log may have in memory; the default is half a GiB.
    'raft.wal_max_size_bytes': 16 * 1024 * 1024,
    'vm_memory_high_watermark.absolute': '384MiB',
    'disk_free_limit.absolute': '100MiB',

    // Nobody looks at rates, which cost as much as all else while it is quiet.
    'management.rates_mode': 'none',
    collect_statistics_interval: 60_000,

    'log.console': 'true',
    'log.console.level': 'warning',
    'log.file': 'false',
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

function withTls(prefix: string, folder: string): Record<string, string> {
  return {
    [`${prefix}.cacertfile`]: `${folder}/ca.crt`,
    [`${prefix}.certfile`]: `${folder}/tls.crt`,
    [`${prefix}.keyfile`]: `${folder}/tls.key`,
    [`${prefix}.versions.1`]: 'tlsv1.3',
    [`${prefix}.versions.2`]: 'tlsv1.2',
  };
}

export const plugins = '[rabbitmq_management,rabbitmq_prometheus].\n';

/** Members speak TLS with each other, and each must show a certificate of the tiers. */
export function distribution(tls: string): string {
  const files = [
    `{cacertfile, "${tls}/ca.crt"}`,
    `{certfile, "${tls}/tls.crt"}`,
    `{keyfile, "${tls}/tls.key"}`,
    '{verify, verify_peer}',
  ].join(', ');
  return `[{server, [${files}, {fail_if_no_peer_cert, true}]}, {client, [${files}]}].\n`;
}

/** Seconds for two to begin to speak. Who answers waits longer than who asks: one that was hung up on does not notice. */
const toGreet = { member: 60, command: 30 };

/**
 * What Erlang is started with: a member, and a command that speaks to one. One scheduler that does not spin; a silent
 * member counts as lost after ten seconds. A handshake by TLS takes its time where much else is done, and what waits
 * for it is not what clients wait for.
 * @param file what {@link distribution} gives is in
 */
export function erlang(file: string): { member: string; command: string } {
  const tls = `-proto_dist inet_tls -ssl_dist_optfile ${file}`;
  return {
    member: `+S 1:1 +A 4 -kernel net_ticktime 10 -kernel net_setuptime ${toGreet.member} ${tls}`,
    command: `+S 1:1 +A 1 -kernel net_setuptime ${toGreet.command} ${tls}`,
  };
}
