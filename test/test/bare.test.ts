import test from 'ava';
import { bareEnvironment, isBuilding } from '../bare.ts';

test('a bare environment holds a path, whom to trust, and the home and caches given', (t) => {
  const env = {
    PATH: '/checkout/node_modules/.bin:/usr/bin',
    SSL_CERT_FILE: '/etc/ca.crt',
    KUBECONFIG: '/root/.kube/config',
    GOPATH: '/root/go',
  };
  t.deepEqual(bareEnvironment(env, { home: '/home', caches: '/caches' }), {
    PATH: '/usr/bin',
    SSL_CERT_FILE: '/etc/ca.crt',
    HOME: '/home',
    XDG_CACHE_HOME: '/caches',
  });
});

test('a start builds when it compiles or downloads, and not when it waits or is done', (t) => {
  t.true(isBuilding('  20.1 s  Build of kubernetes: compiled 120 packages'));
  t.true(isBuilding('   9.0 s  Build of etcd: downloading go.uber.org/zap v1.27.0'));
  t.false(isBuilding('   9.0 s  Build of minio: waiting for another build'));
  t.false(isBuilding('   0.4 s  Build of etcd: done in 0.3 s'));
});
