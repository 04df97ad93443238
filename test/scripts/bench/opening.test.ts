import test from 'ava';
import { openService } from '../../../scripts/bench/opening.ts';
import { FakeKubernetes } from '../../fakes/kubernetes.ts';

const peer = { namespace: 'selvedge-net-supply', name: 'farm-peer-0', port: 7051 };
const selector = { 'statefulset.kubernetes.io/pod-name': 'farm-peer-0' };

async function cluster(): Promise<FakeKubernetes> {
  const kubernetes = new FakeKubernetes();
  const { namespace, name } = peer;
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name } };
  await kubernetes.create({ ...service, spec: { selector } } as typeof service);
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } };
  const addresses = [
    { type: 'Hostname', address: 'node-1' },
    { type: 'InternalIP', address: 'fd00::1' },
    { type: 'InternalIP', address: '10.0.0.1' },
  ];
  await kubernetes.create({ ...node, status: { addresses } } as typeof node);
  kubernetes.onChange = ({ spec }) => {
    // As the API server does.
    const { type, ports = [] } = (spec ?? {}) as { type?: string; ports?: { nodePort?: number }[] };
    if (type === 'NodePort') for (const port of ports) port.nodePort = 30_123;
  };
  return kubernetes;
}

test('a Service is opened at a port of a node, to its own port and no other', async (t) => {
  const kubernetes = await cluster();
  t.is(await openService(kubernetes, peer), '10.0.0.1:30123');
  const [policy] = kubernetes.all('NetworkPolicy');
  t.deepEqual(policy?.spec, {
    podSelector: { matchLabels: selector },
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ port: 7051, protocol: 'TCP' }] }],
  });
});

test('what opens it is known by its label, and passes for nothing of the network’s own', async (t) => {
  const kubernetes = await cluster();
  await openService(kubernetes, peer);
  const made = ['NetworkPolicy', 'Service'].flatMap((kind) => kubernetes.all(kind));
  t.deepEqual(
    made.flatMap(({ metadata }) => (metadata.labels ? [metadata.labels] : [])),
    [{ 'selvedge.dev/bench': '' }, { 'selvedge.dev/bench': '' }],
  );
});

test('a Service that is not there is named', async (t) => {
  const asked = { ...peer, name: 'farm-peer-9' };
  await t.throwsAsync(openService(await cluster(), asked), { message: /no Service farm-peer-9/ });
});
