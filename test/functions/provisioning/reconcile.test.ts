import test from 'ava';
import { CommitUnknown, Unavailable, Unprocessable } from '../../../functions/lib/errors.ts';
import { labels } from '../../../functions/lib/network.ts';
import type { StatefulSetSpec } from '../../../functions/lib/kubernetes/client.ts';
import { greet } from '../../../functions/provisioning/greet.ts';
import { reconcile } from '../../../functions/provisioning/reconcile.ts';
import { createWorld, id, networkOf, own, statusOf, supply, type World } from './world.ts';

const ref = { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', namespace: id.namespace };

const ofNetwork = ({ kubernetes }: World) =>
  [...kubernetes.objects.values()].filter(({ metadata }) => metadata.labels?.[labels.network]);

test('one pass makes a network ready', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const { phase, ready, orderers, peers, timings, observedGeneration } = await statusOf(world);
  t.is(phase, 'Ready');
  t.is(observedGeneration, 1);
  t.deepEqual(ready, { orderers: '3/3', peers: '4/4' });
  t.deepEqual(
    orderers?.map(({ name }) => name),
    ['farm-orderer-0', 'farm-orderer-1', 'shop-orderer-0'],
  );
  t.true(peers?.every(({ chaincodes }) => chaincodes?.length === 1 && chaincodes[0]?.ready));
  t.true(timings?.['total'] !== undefined && timings['chaincodes'] !== undefined);
});

test('every orderer and peer joins by one and the same block', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const blocks = [
    ...[...world.fabric.orderers.values()].map((channels) => channels.get('goods')),
    ...[...world.fabric.peers.values()].map(({ channels }) => channels.get('goods')),
  ];
  t.is(blocks.length, 7);
  t.is(new Set(blocks).size, 1);
});

test('every peer is an anchor peer: organizations meet, whichever of their peers are away', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const isGenesis = ({ metadata }: { metadata: { name: string } }) =>
    metadata.name.includes('genesis');
  const genesis = world.kubernetes.all('ConfigMap').find(isGenesis) as unknown as {
    binaryData: { block: string };
  };
  const block = Buffer.from(genesis.binaryData.block, 'base64').toString('latin1');
  for (const host of world.fabric.peers.keys()) t.true(block.includes(host), host);
  t.is(world.fabric.peers.size, 4);
});

test('each organization approves for itself before the channel commits', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const lifecycle = world.fabric.changes.filter((change) => /^(approve|commit)/.test(change));
  t.deepEqual(lifecycle.slice(0, 2).sort(), [
    'approve FarmMSP anchor 1',
    'approve ShopMSP anchor 1',
  ]);
  t.deepEqual(lifecycle.slice(2), ['commit anchor 1']);
});

test('a second pass over the same spec changes nothing', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  world.kubernetes.changes.length = 0;
  world.fabric.changes.length = 0;
  const secrets = structuredClone([...world.secrets]);
  await reconcile(world.clients, id);
  const changes = world.kubernetes.changes.filter((change) => !change.includes('/leases/'));
  t.deepEqual(changes, []);
  t.deepEqual(world.fabric.changes, []);
  t.deepEqual([...world.secrets], secrets);
});

test('a new version of a chaincode gets the next sequence', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const changed = supply();
  changed.spec.channels[0]!.chaincodes![0]!.version = '2';
  await world.kubernetes.merge({ ...ref, name: id.network }, { spec: changed.spec });
  await reconcile(world.clients, id);
  t.true(world.fabric.changes.includes('commit anchor 2'));
  t.is((await statusOf(world)).observedGeneration, 2);
});

test('one peer more keeps the identities of the others', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace: own };
  const name = 'farm-peer-identity';
  type Secret = Parameters<typeof world.kubernetes.create>[0] & { data: Record<string, string> };
  const before = await world.kubernetes.get<Secret>({ ...secret, name });
  const changed = supply();
  changed.spec.organizations[0]!.peers = 3;
  await world.kubernetes.merge({ ...ref, name: id.network }, { spec: changed.spec });
  await reconcile(world.clients, id);
  const after = await world.kubernetes.get<Secret>({ ...secret, name });
  t.like(after?.data, before?.data ?? {});
  t.truthy(after?.data['2-tls.key']);
  t.is((await statusOf(world)).peers?.length, 5);
});

test('orderers without a leader are asked again', async (t) => {
  const world = await createWorld();
  world.fabric.leaderless = 2;
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('network.ready is told once, and again only after it was not', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  await reconcile(world.clients, id);
  t.deepEqual(
    world.events.map(({ type, subject }) => [type, subject]),
    [['dev.selvedge.network.ready.v1', 'selvedge/supply']],
  );
});

test('a Broker that is down delays the telling, not the network', async (t) => {
  const world = await createWorld();
  world.brokerDown = true;
  await t.throwsAsync(reconcile(world.clients, id), { instanceOf: Unavailable });
  t.is((await statusOf(world)).phase, 'Ready');
  world.brokerDown = false;
  await reconcile(world.clients, id);
  t.is(world.events.length, 1);
});

test('a spec that breaks a rule is told with every fault, and nothing is made', async (t) => {
  const network = supply();
  network.spec.consensus.orderers = 2;
  network.spec.organizations[1]!.mspId = 'FarmMSP';
  const world = await createWorld(network);
  await reconcile(world.clients, id);
  const { phase, conditions } = await statusOf(world);
  const ready = conditions?.find(({ type }) => type === 'Ready');
  t.is(phase, 'Pending');
  t.is(ready?.reason, 'Invalid');
  t.regex(ready?.message ?? '', /consensus: .*orderers.*organizations: .*mspId/);
  t.deepEqual(ofNetwork(world), []);
  t.deepEqual((await networkOf(world)).metadata.finalizers ?? [], []);
});

test('a pass that waits says for what, and does not hold on to it when something urgent comes', async (t) => {
  const world = await createWorld();
  world.stuck = true;
  const urgent = new AbortController();
  setTimeout(() => urgent.abort(), 100);
  await reconcile(world.clients, id, urgent.signal);
  const { phase, conditions } = await statusOf(world);
  t.is(phase, 'Progressing');
  t.regex(conditions?.find(({ type }) => type === 'Peers')?.message ?? '', /waiting for farm-/);
  world.stuck = false;
  for (const set of world.kubernetes.all('StatefulSet')) world.kubernetes.onChange(set);
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('a member that is gone shows in the status at once, before the pass waits for it', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  world.stuck = true;
  const pod = { apiVersion: 'v1', kind: 'Pod', namespace: own };
  await world.kubernetes.remove({ ...pod, name: 'shop-peer-1' });
  const phases: unknown[] = [];
  world.kubernetes.onChange = (object) => {
    const { phase, ready } = (object.status ?? {}) as { phase?: string; ready?: object };
    if (object.kind === 'FabricNetwork') phases.push([phase, ready]);
  };
  await reconcile(world.clients, id, AbortSignal.timeout(300));
  t.deepEqual(phases[0], ['Degraded', { orderers: '3/3', peers: '3/4' }]);
});

test('a network that is not there is fine', async (t) => {
  const world = await createWorld();
  await t.notThrowsAsync(reconcile(world.clients, { ...id, network: 'other' }));
});

test('an orderer that is ready and does not answer is asked again: no event would tell', async (t) => {
  const world = await createWorld();
  const connect = world.fabric.connectParticipation;
  const silent = new Set(['farm-orderer-1']);
  world.fabric.connectParticipation = ({ hostname = '' }) => {
    const orderer = connect({ hostname });
    if (!silent.has(hostname.split('.')[0] ?? '')) return orderer;
    return { ...orderer, join: () => Promise.reject(new Unavailable('no answer')) };
  };
  await t.throwsAsync(reconcile(world.clients, id), {
    instanceOf: Unavailable,
    message: 'channels: waiting for farm-orderer-1',
  });
  t.is((await statusOf(world)).phase, 'Progressing');
  silent.clear();
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('an orderer that a firewall refuses for a moment after it became ready joins in the same pass', async (t) => {
  const world = await createWorld();
  const connect = world.fabric.connectParticipation;
  let refused = 2;
  world.fabric.connectParticipation = ({ hostname = '' }) => {
    const orderer = connect({ hostname });
    const info: typeof orderer.info = (channel) =>
      refused-- > 0 ? Promise.reject(new Unavailable('no answer')) : orderer.info(channel);
    return { ...orderer, info };
  };
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('an approval or a commit whose fate was unknown is not sent twice once it came through', async (t) => {
  const world = await createWorld();
  const { approve, commit, changes } = world.fabric;
  const lost = () => Promise.reject(new CommitUnknown('tx'));
  const twice = () => Promise.reject(new Unprocessable('unchanged content'));
  const did = (change: string) => changes.includes(change);
  world.fabric.approve = (peer, ...rest) =>
    did(`approve ${peer.endpoint.mspId} anchor 1`) ? twice() : approve(peer, ...rest).then(lost);
  world.fabric.commit = (...all) => (did('commit anchor 1') ? twice() : commit(...all).then(lost));
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('chaincode that does not run is asked for again, whether it has a pod or not', async (t) => {
  const world = await createWorld();
  const { kubernetes, fabric, clients } = world;
  const { onRunning } = fabric;
  const asked = { instanceOf: Unavailable, message: /^anchor: waiting for anchor beside/ };
  fabric.onRunning = () => undefined;
  await t.throwsAsync(reconcile(clients, id, AbortSignal.timeout(300)), asked);
  fabric.onRunning = onRunning;
  await reconcile(clients, id);
  fabric.onRunning = () => undefined;
  for (const pod of ofNetwork(world).filter((one) => one.metadata.labels?.[labels.chaincode])) {
    await kubernetes.applyStatus({ ...pod, status: { conditions: [] } });
  }
  await t.throwsAsync(reconcile(clients, id, AbortSignal.timeout(300)), asked);
  t.is((await statusOf(world)).phase, 'Degraded');
});

test('a network that waits for its turn is told so, and one with a status keeps it', async (t) => {
  const world = await createWorld();
  await greet(world.clients, id);
  const { phase, conditions, observedGeneration } = await statusOf(world);
  t.is(phase, 'Progressing');
  t.is(observedGeneration, 1);
  t.like(conditions?.[0], { type: 'Ready', status: 'False', reason: 'Queued' });
  await reconcile(world.clients, id);
  await greet(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('a network whose orderers have no leader is not Ready', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  for (const host of [...world.fabric.orderers.keys()].slice(0, 2)) world.fabric.strays.add(host);
  await t.throwsAsync(reconcile(world.clients, id, AbortSignal.timeout(300)), {
    instanceOf: Unavailable,
    message: 'agreement: waiting for a leader of goods (1 of 3 orderers follow one)',
  });
  t.is((await statusOf(world)).phase, 'Degraded');
  world.fabric.strays.clear();
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
});

test('a network keeps the volumes it was made with when the settings change', async (t) => {
  const world = await createWorld();
  await reconcile(world.clients, id);
  world.clients.settings = { ...world.clients.settings, volumeSize: '100Gi', storageClass: 'new' };
  await reconcile(world.clients, id);
  t.is((await statusOf(world)).phase, 'Ready');
  const sets = world.kubernetes.all('StatefulSet') as { spec: StatefulSetSpec }[];
  const claims = sets.flatMap(({ spec }) => spec.volumeClaimTemplates ?? []);
  t.deepEqual(
    [
      ...new Set(
        claims.map(({ spec }) =>
          [spec?.storageClassName, spec?.resources?.requests?.['storage']].join(' '),
        ),
      ),
    ],
    ['selvedge-local 1Gi'],
  );
});
