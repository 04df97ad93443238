import test from 'ava';
import { provideCertificates, type Secret } from '../../../scripts/cli/certificates.ts';
import { provideConnection } from '../../../scripts/cli/rabbitmq.ts';
import { FakeObjects } from '../../fakes/objects.ts';

const credentials = { username: 'knative', password: 'secret', cookie: 'of the members' };

/** What lies beside the functions, by the name of the Secret. */
async function provided(): Promise<(name: string) => Record<string, string>> {
  const cluster = new FakeObjects();
  await provideCertificates(cluster.edge, 'selvedge');
  await provideConnection(cluster.edge, 'selvedge', credentials);
  return (name) => {
    const { data } = cluster.objects.get(`/api/v1/namespaces/selvedge/secrets/${name}`) as Secret;
    return Object.fromEntries(
      Object.entries(data ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, 'base64').toString(),
      ]),
    );
  };
}

test('the Broker is told where RabbitMQ is and how it is opened, and no more', async (t) => {
  const at = await provided();
  t.deepEqual(at('rabbitmq-connection'), {
    username: 'knative',
    password: 'secret',
    uri: 'https://rabbitmq.selvedge-storage.svc:15671',
    port: '5671',
    caSecretName: 'rabbitmq-ca',
  });
});

test('what its pods mount is the authority’s certificate alone', async (t) => {
  const at = await provided();
  const [[name, text] = ['', ''], ...more] = Object.entries(at('rabbitmq-ca'));
  t.is(name, 'ca.crt');
  t.regex(text, /^-----BEGIN CERTIFICATE-----/);
  t.is(more.length, 0);
});

test('without a certificate of RabbitMQ’s nothing is written', async (t) => {
  const cluster = new FakeObjects();
  await t.throwsAsync(provideConnection(cluster.edge, 'selvedge', credentials));
  t.deepEqual(cluster.writes, []);
});
