/** How Knative's Broker reaches RabbitMQ. */
import type { Kubernetes } from '../../functions/lib/kubernetes/client.ts';
import { hostOf, storageNamespace, tiers } from '../../functions/lib/tiers.ts';
import { secret, secretRef, type Secret } from './certificates.ts';

/** The Secret that the RabbitmqBrokerConfig names. */
const connection = 'rabbitmq-connection';

/** That of the authority which members are certified by: the Broker's pods mount no ConfigMap. */
const authority = 'rabbitmq-ca';

/** Where exchanges and queues are made. */
const managementPort = 15671;

/**
 * Writes what the Broker reads beside it: where RabbitMQ is, how it is opened, and whom to believe.
 *
 * @param credentials with `username` and `password`
 * @throws Error when RabbitMQ has no certificate yet
 */
export async function provideConnection(
  kubernetes: Kubernetes,
  namespace: string,
  { username = '', password = '' }: Record<string, string>,
): Promise<void> {
  const certificate = await kubernetes.get<Secret>(secretRef(storageNamespace, 'rabbitmq-tls'));
  const ca = certificate?.data?.['ca.crt'];
  if (ca === undefined) throw new Error('RabbitMQ has no certificate yet');
  const { service, port } = tiers.rabbitmq;
  const contents = {
    [authority]: { 'ca.crt': Buffer.from(ca, 'base64').toString() },
    [connection]: {
      ...{ username, password },
      uri: `https://${hostOf(service)}:${managementPort}`,
      port: String(port),
      caSecretName: authority,
    },
  };
  for (const [name, stringData] of Object.entries(contents))
    await kubernetes.apply(secret(namespace, name, { stringData }));
}
