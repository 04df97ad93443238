import test from 'ava';

import { configuration, distribution, erlang } from '../../rabbitmq/keeper/configuration.ts';

const settings = (cluster: string[]): Map<string, string> => {
  const text = configuration({ tls: '/tls', user: 'knative', password: 'secret', cluster });
  return new Map(
    text.split('\n').flatMap((line) => {
      const [name, value] = line.split(' = ');
      return name !== undefined && value !== undefined ? [[name, value]] : [];
    }),
  );
};

test('nobody is served without TLS but who asks for metrics', (t) => {
  const told = settings(['a.test']);
  t.is(told.get('listeners.tcp'), 'none');
  t.false([...told.keys()].some((name) => /^(management|listeners)\.tcp\.port/.test(name)));
  t.is(told.get('management.ssl.certfile'), '/tls/tls.crt');
  t.regex(
    distribution('/tls'),
    /server.*verify_peer.*fail_if_no_peer_cert, true.*client.*verify_peer/,
  );
});

test('a member that joins is told by whom first', (t) => {
  const told = settings(['b.test', 'a.test']);
  t.is(told.get('cluster_formation.classic_config.nodes.1'), 'rabbit@b.test');
  t.is(told.get('cluster_formation.classic_config.nodes.2'), 'rabbit@a.test');
});

test('a half that sees no majority stops', (t) => {
  t.is(settings(['a.test']).get('cluster_partition_handling'), 'pause_minority');
});

test('who asks hangs up before who answers does', (t) => {
  const seconds = (args: string): number => Number(/net_setuptime (\d+)/.exec(args)?.[1]);
  const { member, command } = erlang('/run/distribution.config');
  t.true(seconds(command) < seconds(member));
  for (const args of [member, command])
    t.regex(args, /-proto_dist inet_tls -ssl_dist_optfile \/run\/distribution\.config$/);
});
