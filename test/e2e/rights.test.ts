/** What a peer's own token is good for in the running cluster. More of it: test/integration/rights.test.ts. */
import test from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import {
  connectKubernetes,
  type Kubernetes,
  type KubernetesObject,
} from '../../functions/lib/kubernetes/client.ts';
import { labels } from '../../functions/lib/network.ts';
import { storageNamespace } from '../../functions/lib/tiers.ts';
import { command, kubeconfig, kubernetes, network, type Pod } from './cluster.ts';

type PodWithAccount = Pod & { spec: { serviceAccountName: string; volumes?: object[] } };

/** Pods of the sample network, in whatever namespace they are. */
const of = (component: string): Promise<PodWithAccount[]> =>
  kubernetes.list<PodWithAccount>(
    { apiVersion: 'v1', kind: 'Pod' },
    `${labels.network}=${network},${labels.component}=${component}`,
  );

/** The API as a peer sees it, by a token bound to its pod as the kubelet's is. */
async function as({ metadata, spec }: PodWithAccount): Promise<Kubernetes> {
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', metadata.name];
  const where = ['--kubeconfig', kubeconfig, '-n', metadata.namespace!];
  const args = [...where, 'create', 'token', spec.serviceAccountName, ...bound];
  const token = (await command('.selvedge/bin/kubectl', args)).toString().trim();
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const [user] = config.users;
  config.users = [{ name: user!.name, token }];
  return connectKubernetes({ config });
}

test.serial(
  'a peer may not touch the tiers, other peers, or run as anything but chaincode',
  async (t) => {
    const [peer, other] = await of('peer');
    const { namespace } = peer!.metadata;
    const api = await as(peer!);
    const secret = { apiVersion: 'v1', kind: 'Secret', namespace: storageNamespace };
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'mine', namespace },
      spec: {
        selector: { matchLabels: { app: 'mine' } },
        template: {
          metadata: { labels: { app: 'mine' } },
          spec: {
            serviceAccountName: 'provisioning',
            containers: [{ name: 'main', image: 'none' }],
          },
        },
      },
    } as KubernetesObject;
    const tries: Record<string, () => Promise<unknown>> = {
      'delete the Secret of Vault’s keys': () => api.remove({ ...secret, name: 'vault-unseal' }),
      'read it': () => api.get({ ...secret, name: 'vault-unseal' }),
      'make a Deployment that runs as provisioning': () => api.create(deployment),
      'delete another peer': () =>
        api.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name: other!.metadata.name }),
      'list the Secrets beside it': () => api.list({ apiVersion: 'v1', kind: 'Secret', namespace }),
    };
    for (const [what, attempt] of Object.entries(tries)) {
      const error = await t.throwsAsync(attempt(), undefined, what);
      t.regex(error.message, /forbidden|denied request/i, what);
    }
  },
);

test.serial('chaincode runs as an account without rights and mounts no token', async (t) => {
  const chaincodes = await of('chaincode');
  t.true(chaincodes.length > 0);
  for (const { metadata, spec } of chaincodes) {
    t.is(spec.serviceAccountName, 'chaincode', metadata.name);
    t.false(JSON.stringify(spec.volumes).includes('serviceAccountToken'), metadata.name);
  }
});
