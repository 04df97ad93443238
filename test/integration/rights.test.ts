/**
 * What a peer's account may do, asked of a real API server: with the Role that provisioning makes,
 * the admission policy as it is installed, and what the launcher makes (its testdata).
 */
import test from 'ava';
import { KubeConfig } from '@kubernetes/client-node';
import { Forbidden } from '../../functions/lib/errors.ts';
import {
  connectKubernetes,
  type Kubernetes,
  type Container,
  type KubernetesObject,
  type PodSpec,
  type Volume,
} from '../../functions/lib/kubernetes/client.ts';
import { KubernetesHttp } from '../../functions/lib/kubernetes/http.ts';
import { until } from '../../functions/lib/until.ts';
import { launcher, memberName } from '../../functions/provisioning/resources/names.ts';
import { groups } from '../../functions/provisioning/resources/plan.ts';
import {
  chaincodeAccount,
  launcherResources,
} from '../../functions/provisioning/resources/rights.ts';
import { planFor, supply } from '../functions/provisioning/world.ts';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';

type Secret = KubernetesObject & { type?: string; data?: object; immutable?: boolean };
type Deployment = KubernetesObject & {
  spec: { template: { metadata: { labels: Record<string, string> }; spec: PodSpec } };
};
type Try = (as: Kubernetes, made: Made) => Promise<unknown>;
interface Made {
  image: Deployment;
  node: Deployment;
  secret: Secret;
}

const network = { ...supply(), metadata: { ...supply().metadata, uid: 'none' } };
const plan = planFor(network);
const { namespace } = plan.id;
const of = { namespace, apiVersion: 'v1' };

let api: KubernetesApi;
let admin: Kubernetes;
/** The peer that the launcher's testdata is of. */
let peer: Kubernetes;
let peerConfig: KubeConfig;
let made: Made;

const configOf = async (token: string): Promise<KubeConfig> => {
  const config = new KubeConfig();
  config.loadFromFile(await api.kubeconfig(token.trim()));
  return config;
};

const tokenOf = (account: string, bound: string[] = []): Promise<string> =>
  api.kubectl(['create', 'token', account, '-n', namespace, ...bound]);

const podOf = (name: string, serviceAccountName: string, labels = {}): KubernetesObject =>
  ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { serviceAccountName, containers: [{ name: 'main', image: 'none' }] },
  }) as KubernetesObject;

async function peerOf(organization: string): Promise<KubeConfig> {
  const account = launcher(plan.id, organization);
  const pod = memberName(organization, 'peer', 0);
  await admin.apply(podOf(pod, account));
  const bound = ['--bound-object-kind', 'Pod', '--bound-object-name', pod];
  return configOf(await tokenOf(account, bound));
}

const testdata = async <T>(name: string): Promise<T> =>
  JSON.parse(await manifest(`fabric-peer-fork/launcher/testdata/${name}.json`)) as T;

test.before(async () => {
  api = await startKubernetesApi();
  await api.kubectl(['create', 'namespace', namespace]);
  admin = connectKubernetes({ config: await configOf('admin-of-a-test') });
  await api.kubectl(['apply', '-f', '-'], await manifest('knative/base/chaincode/admission.yaml'));
  await admin.apply(chaincodeAccount(plan));
  const accounts = groups(plan).filter(({ tier }) => tier === 'peer');
  for (const object of accounts.flatMap((group) => launcherResources(plan, group))) {
    await admin.apply(object);
  }
  peerConfig = await peerOf('farm');
  peer = connectKubernetes({ config: peerConfig });
  made = {
    image: await testdata('image'),
    node: await testdata('node'),
    secret: await testdata('secret'),
  };
  const stranger = { ...made.secret, metadata: { ...made.secret.metadata, labels: {} } };
  await until({ what: 'the policy to be in force', timeoutMs: 60_000 }, () =>
    isRefused(peer.create(stranger)),
  );
});
test.after.always(() => api.stop());

async function isRefused(tried: Promise<unknown>): Promise<boolean> {
  try {
    await tried;
  } catch (error) {
    if (error instanceof Forbidden || /denied request/.test((error as Error).message)) return true;
    throw error;
  }
  await admin.remove({ ...of, kind: 'Secret', name: made.secret.metadata.name });
  return false;
}

const changed = <T extends KubernetesObject>(object: T, change: (copy: T) => void): T => {
  const copy = structuredClone(object);
  change(copy);
  return copy;
};
const relabelled = <T extends KubernetesObject>(object: T, labels: Record<string, string>): T =>
  changed(object, ({ metadata }) => Object.assign(metadata.labels!, labels));
/** A chaincode's Deployment with a change of its pods. */
const withPod =
  (change: (spec: PodSpec) => void, kind: 'image' | 'node' = 'image'): Try =>
  (as, made) =>
    as.apply(changed(made[kind], ({ spec }) => change(spec.template.spec)));
const withVolume = (volume: Omit<Volume, 'name'>): Try =>
  withPod(({ volumes }) => volumes!.push({ name: 'x', ...volume }));
const withContainer = (change: (container: Container) => void): Try =>
  withPod(({ containers }) => change(containers[0]!));
/** The container's mount of its peer's packages. */
const sourceMount = ({ containers }: PodSpec) =>
  containers[0]!.volumeMounts!.find(({ name }) => name === 'source')!;

const allowed: Record<string, Try> = {
  'launch a chaincode of an image': async (as, { secret, image }) => {
    await as.create(secret);
    await as.apply(image);
  },
  'launch a chaincode of source': (as, { node }) => as.apply(node),
  'launch it again': (as, { image }) =>
    as.apply(
      changed(image, ({ metadata, spec }) => {
        metadata.labels!['selvedge.dev/launch'] = '00000000';
        spec.template.metadata.labels['selvedge.dev/launch'] = '00000000';
      }),
    ),
  'stop a chaincode': async (as, { image, secret }) => {
    await as.remove({
      ...of,
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: image.metadata.name,
    });
    await as.remove({ ...of, kind: 'Secret', name: secret.metadata.name });
  },
  'delete a pod of its chaincode': async (as, { image }) => {
    await admin.apply(podOf('stranded', 'chaincode', image.metadata.labels));
    await as.remove({ ...of, kind: 'Pod', name: 'stranded' }, { gracePeriodSeconds: 0 });
  },
};

const forbidden: Record<string, Try> = {
  'delete a Secret of others': async (as) => {
    await admin.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'vault-unseal', namespace },
    });
    await as.remove({ ...of, kind: 'Secret', name: 'vault-unseal' });
  },
  'read a Secret': (as, { secret }) =>
    as.get({ ...of, kind: 'Secret', name: secret.metadata.name }),
  'make a Secret that becomes a token': (as, { secret }) =>
    as.create(
      changed(secret, (copy) => {
        copy.metadata.name += '-x';
        copy.metadata.annotations = {
          'kubernetes.io/service-account.name': launcher(plan.id, 'shop'),
        };
        copy.type = 'kubernetes.io/service-account-token';
        delete copy.data;
        delete copy.immutable;
      }),
    ),
  'make a Secret of another name': (as, { secret }) =>
    as.create(changed(secret, ({ metadata }) => (metadata.name = 'supply-shop-orderer-identity'))),
  'make a Secret of another organization': (as, { secret }) =>
    as.create(relabelled(secret, { 'selvedge.dev/organization': 'shop' })),
  'delete a pod of others': async (as) => {
    await admin.apply(podOf('theirs', 'chaincode'));
    await as.remove({ ...of, kind: 'Pod', name: 'theirs' });
  },
  'delete itself': (as) => as.remove({ ...of, kind: 'Pod', name: memberName('farm', 'peer', 0) }),
  'make a pod': (as, { image }) => as.create(podOf('mine', 'chaincode', image.metadata.labels)),
  'run as provisioning': withPod((spec) => (spec.serviceAccountName = 'provisioning')),
  'run as itself': withPod((spec) => (spec.serviceAccountName = launcher(plan.id, 'farm'))),
  'run with a token': withPod((spec) => (spec.automountServiceAccountToken = true)),
  'run with whatever account there is': withPod((spec) => delete spec.serviceAccountName),
  'mount the node': withVolume({ hostPath: { path: '/' } }),
  'mount a token': withVolume({ projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }),
  'mount a Secret of others': withVolume({ secret: { secretName: 'vault-unseal' } }),
  'mount another peer’s ledger': withVolume({
    persistentVolumeClaim: { claimName: 'data-supply-farm-peer-1' },
  }),
  'mount its whole ledger': withPod((spec) => delete sourceMount(spec).subPath, 'node'),
  'mount its ledger as it were a package': withPod(
    (spec) => (sourceMount(spec).subPath = 'ledgersData'),
    'node',
  ),
  'mount its packages to write': withPod((spec) => delete sourceMount(spec).readOnly, 'node'),
  'take its environment from a Secret': withContainer(({ env }) =>
    env!.push({ name: 'X', valueFrom: { secretKeyRef: { name: 'vault-unseal', key: 'x' } } }),
  ),
  'take its whole environment from a Secret': withContainer(
    (container) => (container.envFrom = [{ secretRef: { name: 'vault-unseal' } }]),
  ),
  'be on the node’s network': withPod((spec) => (spec.hostNetwork = true)),
  'see the node’s processes': withPod((spec) => (spec.hostPID = true)),
  'gain privileges': withContainer(
    ({ securityContext }) => (securityContext!.allowPrivilegeEscalation = true),
  ),
  'choose a node itself': withPod((spec) => (spec.nodeName = 'node-1')),
  'run a second container': withPod(({ containers }) =>
    containers.push({ ...containers[0]!, name: 'second' }),
  ),
  'run something before': withPod(
    (spec) => (spec.initContainers = [{ ...spec.containers[0]!, name: 'first' }]),
  ),
  'make pods that look like another organization’s': (as, { image }) =>
    as.apply(
      changed(image, ({ spec }) => {
        spec.template.metadata.labels['selvedge.dev/organization'] = 'shop';
      }),
    ),
  'launch for another peer of its organization': (as, { image }) =>
    as.apply(relabelled(image, { 'selvedge.dev/peer': 'supply-farm-peer-1' })),
  'take over a Deployment of others': async (as, { image }) => {
    const theirs = changed(image, (copy) => {
      copy.metadata.name = 'supply-farm-peer-0-theirs';
      copy.metadata.labels!['selvedge.dev/peer'] = 'supply-shop-peer-0';
    });
    await admin.apply(theirs);
    await as.apply(changed(image, ({ metadata }) => (metadata.name = theirs.metadata.name)));
  },
  'delete a Deployment of others': async (as, { image }) => {
    const theirs = relabelled(image, { 'selvedge.dev/organization': 'shop' });
    theirs.metadata.name = 'theirs';
    await admin.apply(theirs);
    await as.remove({ ...of, apiVersion: 'apps/v1', kind: 'Deployment', name: 'theirs' });
  },
  'grant itself more': (as) =>
    as.merge(
      {
        ...of,
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        name: launcher(plan.id, 'farm'),
      },
      { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
    ),
};

for (const [what, attempt] of Object.entries(allowed)) {
  test.serial(`a peer may ${what}`, async (t) => {
    await t.notThrowsAsync(attempt(peer, made));
  });
}

for (const [what, attempt] of Object.entries(forbidden)) {
  test.serial(`a peer may not ${what}`, async (t) => {
    const error = await t.throwsAsync(attempt(peer, made));
    t.regex(error.message, /denied request|cannot [a-z]+ resource/);
    t.notRegex(error.message, /resulted in error/);
  });
}

test.serial('another organization’s peer may touch none of it', async (t) => {
  const other = connectKubernetes({ config: await peerOf('shop') });
  await peer.apply(made.image);
  const error = await t.throwsAsync(other.apply(made.image));
  t.regex(error.message, /only what is labelled as chaincode of this very peer/);
});

test.serial('a token of the account that is bound to no pod is good for nothing', async (t) => {
  const config = await configOf(await tokenOf(launcher(plan.id, 'farm')));
  const unbound = connectKubernetes({ config });
  const error = await t.throwsAsync(unbound.apply(made.image));
  t.regex(error.message, /by the token of its own pod/);
});

test.serial(
  'a peer tells of its chaincode’s pod that it is registered, and nothing else',
  async (t) => {
    await admin.apply(podOf('running', 'chaincode', made.image.metadata.labels));
    const patch = (name: string, status: object): Promise<unknown> =>
      new KubernetesHttp(peerConfig, 10_000).json({
        method: 'PATCH',
        path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
        contentType: 'application/strategic-merge-patch+json',
        body: { status },
      });
    const condition = (type: string) => ({ conditions: [{ type, status: 'True' }] });
    await t.notThrowsAsync(patch('running', condition('selvedge.dev/registered')));
    await t.throwsAsync(patch('running', condition('Ready')), {
      message: /nothing but its condition/,
    });
    await t.throwsAsync(patch('running', { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] }), {
      message: /nothing but its condition/,
    });
    await admin.apply(podOf('others', 'chaincode'));
    await t.throwsAsync(patch('others', condition('selvedge.dev/registered')), {
      message: /only what is labelled/,
    });
  },
);
