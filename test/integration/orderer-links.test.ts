/** The links between orderers, where ours differ from Fabric's: see `fabricEdits` in fabric-peer-fork/build.ts. */
import { createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { until } from '../../functions/lib/until.ts';
import { genesisSpec, startNetwork, type TestOrderer } from './fabric/network.ts';
import { leaderOf, raftMetric } from './fabric/raft.ts';

const channel = 'goods';

test('a leader goes on leading while an orderer is reached no longer', async (t) => {
  const { leader, lost, others } = await startOrderers(t);
  const before = await Promise.all(others.map(leaderChanges));
  await lost.server.kill();
  const dialled = await listen(t, lost, () => {});
  // Many times what followers wait for a silent leader.
  await delay(12_000);
  t.true(dialled.length > 1, 'nobody tried to reach it again');
  t.deepEqual(await Promise.all(others.map(leaderChanges)), before);
  t.is(await leaderOf(others), leader);
});

test('an orderer that is away is dialled every two seconds, however long it is', async (t) => {
  const { lost } = await startOrderers(t);
  await lost.server.kill();
  const dialled = await listen(t, lost, (socket) => socket.destroy());
  // By then gRPC's own patience would have grown to 6 s.
  await delay(20_000);
  const pauses = dialled.slice(1).map((at, n) => at - dialled[n]!);
  t.true(pauses.length > 0, 'nobody tried to reach it');
  t.true(Math.max(...pauses) < 4_000, `paused for ${pauses.map(Math.round).join(', ')} ms`);
});

/** Three orderers with a channel; one that follows is to be lost. */
async function startOrderers(t: ExecutionContext) {
  const network = await startNetwork([{ name: 'farm', mspId: 'FarmMSP', orderers: 3, peers: 0 }]);
  t.teardown(network.stop);
  const [{ orderers }] = network.members as [(typeof network.members)[0]];
  const block = channelGenesis(genesisSpec(network, channel, 'raft'));
  for (const { admin } of orderers) await connectParticipation(admin).join(channel, block);
  const leader = await until({ what: 'a leader', timeoutMs: 30_000 }, () => leaderOf(orderers));
  const lost = orderers.find((one) => one !== leader)!;
  return { leader, lost, others: orderers.filter((one) => one !== lost) };
}

/** Takes calls at an orderer's place. @returns when each came, in milliseconds */
async function listen(
  t: ExecutionContext,
  { spec }: TestOrderer,
  take: (socket: Socket) => void,
): Promise<readonly number[]> {
  const dialled: number[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    dialled.push(performance.now());
    sockets.push(socket.on('error', () => {}));
    take(socket);
  });
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((listening) => server.listen(spec.port, '127.0.0.1', listening));
  return dialled;
}

const leaderChanges = (one: TestOrderer) => raftMetric(one, 'leader_changes');
