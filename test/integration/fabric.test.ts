import { setTimeout as delay } from 'node:timers/promises';
import baseTest, { type TestFn } from 'ava';
import { Unavailable } from '../../functions/lib/errors.ts';
import type { Identity } from '../../functions/lib/fabric/connection.ts';
import { blockNumber, consentersOf } from '../../functions/lib/fabric/config-block.ts';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { connectLedger, type Ledger } from '../../functions/lib/fabric/ledger.ts';
import {
  approve,
  checkCommitReadiness,
  commit,
  sameDefinition,
  type Definition,
} from '../../functions/lib/fabric/lifecycle.ts';
import { connectOrderer, type OrdererClient } from '../../functions/lib/fabric/orderer.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { decideJoin } from '../../functions/provisioning/steps/standing.ts';
import { connectPeer, type PeerClient } from '../../functions/lib/fabric/peer.ts';
import { digestOf, idOf, versionFact } from '../fakes/facts.ts';
import { anchorPackage } from './fabric/anchor.ts';
import { startNetwork, genesisSpec, type TestNetwork, type TestOrderer } from './fabric/network.ts';
import { leaderOf } from './fabric/raft.ts';

const channel = 'goods';
const definition: Definition = { name: 'anchor', version: '1', sequence: 1 };

interface Context {
  network: TestNetwork;
  block: Buffer;
  admins: PeerClient[];
  ledger: Ledger;
}

/** The tests are one story, told in order: each goes on from what the one before made. */
const test = (baseTest as TestFn<Context>).serial;

async function until<T>(
  what: string,
  look: () => Promise<T | false | undefined>,
  seconds = 30,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  while (Date.now() < deadline) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(100);
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

/** The orderer as an admin of its organization reads its channels. */
function ordererOf({ spec, admin: { tlsRoot } }: TestOrderer, admin: Identity): OrdererClient {
  const endpoint = {
    address: `${spec.host}:${spec.port}`,
    hostname: 'localhost',
    mspId: admin.mspId,
    tlsRoot,
  };
  return connectOrderer(endpoint, admin);
}

function awayAsUndefined(error: unknown): undefined {
  if (!(error instanceof Unavailable)) throw error;
}

test.before(async (t) => {
  const network = await startNetwork([
    { name: 'farm', mspId: 'FarmMSP', orderers: 2, peers: 1 },
    { name: 'shop', mspId: 'ShopMSP', orderers: 1, peers: 1 },
  ]);
  // Known at once: what follows may fail, and the network must be stopped all the same.
  t.context.network = network;
  const { members } = network;
  t.context = {
    network,
    block: channelGenesis(genesisSpec(network, channel, 'raft')),
    admins: members.flatMap(({ peers, admin }) =>
      peers.map(({ endpoint }) => connectPeer(endpoint, admin)),
    ),
    ledger: connectLedger({
      channel,
      chaincode: 'anchor',
      incarnation: 'uid-1',
      ...members[0]!.writer,
      peers: members.flatMap(({ peers }) => peers.map(({ endpoint }) => endpoint)),
    }),
  };
});

test.after.always(async (t) => {
  const { network, ledger, admins } = t.context as Partial<Context>;
  ledger?.close();
  for (const admin of admins ?? []) admin.close();
  await network?.stop();
});

test('orderers join by the genesis block and elect a leader', async (t) => {
  const { network, block } = t.context;
  for (const { orderers } of network.members) {
    for (const { admin } of orderers) {
      const participation = connectParticipation(admin);
      t.deepEqual(await participation.list(), []);
      t.is(await participation.info(channel), undefined);
      const joined = await participation.join(channel, block);
      t.is(joined.consensusRelation, 'consenter');
      t.deepEqual(
        await participation.join(channel, block),
        joined,
        'a second join changes nothing',
      );
      t.deepEqual(await participation.list(), [channel]);
    }
  }
});

test('every orderer tells how far it has come once there is a leader', async (t) => {
  const { network } = t.context;
  for (const { orderers, admin } of network.members) {
    for (const one of orderers) {
      const client = ordererOf(one, admin);
      const position = await until('a leader', () => client.position(channel));
      t.is(position.height, 1);
      await t.throwsAsync(client.position('nowhere'), { name: 'NotFound' });
      client.close();
    }
  }
});

test('an orderer refuses a client of another CA', async (t) => {
  const [farm, shop] = t.context.network.members;
  const { address } = farm!.orderers[0]!.admin;
  const stranger = { ...shop!.orderers[0]!.admin, tlsRoot: farm!.tls.certificate, address };
  await t.throwsAsync(connectParticipation(stranger).list(), { instanceOf: Unavailable });
});

test('peers join, and join again', async (t) => {
  for (const admin of t.context.admins) {
    t.deepEqual(await admin.joinedChannels(), []);
    await admin.joinChannel(t.context.block);
    await admin.joinChannel(t.context.block);
    t.deepEqual(await admin.joinedChannels(), [channel]);
    t.is(await admin.blockHeight(channel), 1);
    const configuration = await admin.configBlock(channel);
    t.is(blockNumber(configuration), 0);
    t.is(consentersOf(configuration).length, 3);
  }
});

test('a chaincode is installed, approved by each organization and committed', async (t) => {
  const { admins } = t.context;
  const { bytes, packageId, label } = await anchorPackage();
  for (const admin of admins) {
    await admin.install(bytes);
    await admin.install(bytes);
    t.deepEqual(await admin.installedPackages(), [{ packageId, label }]);
    t.is(await admin.queryApproved(channel, 'anchor'), undefined);
    t.is(await admin.queryCommitted(channel, 'anchor'), undefined);
    await approve(admin, channel, definition, packageId);
    const approved = await admin.queryApproved(channel, 'anchor', 1);
    t.is(approved?.packageId, packageId);
    t.true(approved && sameDefinition(definition, approved));
  }
  const everyone = { FarmMSP: true, ShopMSP: true };
  t.deepEqual(await checkCommitReadiness(admins[1]!, channel, definition), everyone);
  await commit(admins, channel, definition);

  const committed = await admins[0]!.queryCommitted(channel, 'anchor');
  t.true(committed && sameDefinition(definition, committed));
  t.is(committed?.sequence, 1);
  t.deepEqual(committed?.approvals, everyone);
  // `commit` waited for the first peer; the second has the block a little later.
  const definitions = await until('the other peer to have it', async () => {
    const found = await admins[1]!.committedDefinitions(channel);
    return found.length > 0 && found;
  });
  t.deepEqual(
    definitions.map(({ name, sequence }) => [name, sequence]),
    [['anchor', 1]],
  );
  t.true(bytes.equals(await admins[1]!.installedPackage(packageId)));
});

test('an organization withdraws from a chaincode and comes back, the definition as it was', async (t) => {
  const [admin] = t.context.admins;
  const [stored] = await admin!.committedDefinitions(channel);
  const { name, version, sequence, validationParameter, collections } = stored!;
  const same = { name, version, sequence, endorsementPolicy: validationParameter, collections };
  t.true(sameDefinition(same, stored!));
  await approve(admin!, channel, same);
  const withdrawn = await admin!.queryApproved(channel, 'anchor', 1);
  t.true(withdrawn !== undefined && withdrawn.packageId === undefined);
  const { packageId } = await anchorPackage();
  await approve(admin!, channel, definition, packageId);
  t.is((await admin!.queryApproved(channel, 'anchor', 1))?.packageId, packageId);
  t.is((await admin!.queryCommitted(channel, 'anchor'))?.sequence, 1);
});

const field = idOf('field/42');

const fact = (key: string, content: string) =>
  versionFact(key, { index: `minio://selvedge/${key}`, digest: digestOf(content) });

test('a transaction is endorsed by both organizations, committed and read back', async (t) => {
  const { ledger } = t.context;
  const wanted = fact('field/42', 'barley');
  // Until the peers know of each other by gossip, no plan satisfies the endorsement policy.
  const args = [JSON.stringify([wanted])];
  await until('endorsable', () => ledger.probe('put', args).then(() => true, awayAsUndefined));
  const endorsed: string[] = [];
  const receipt = await ledger.submit('put', args, {
    onEndorsed: (id) => void endorsed.push(id),
  });
  t.deepEqual(endorsed, [receipt.transactionId]);
  const { transactionId } = receipt;
  t.deepEqual(JSON.parse(receipt.result), [{ version: 1, transactionId }]);
  t.like(JSON.parse(await ledger.evaluate('get', [field, '1'])), wanted);
  t.deepEqual(await ledger.commitStatus(receipt.transactionId), {
    code: 'VALID',
    successful: true,
    block: receipt.block,
  });
});

test('peers of both organizations attest what is committed', async (t) => {
  const { ledger } = t.context;
  const said = await ledger.attest('get', [field, '1']);
  t.like(JSON.parse(said), fact('field/42', 'barley'));
});

test('an ordinary client reads facts and writes none, nor does an admin', async (t) => {
  const { network, ledger } = t.context;
  const [farm, shop] = network.members;
  const peers = network.members.flatMap((one) => one.peers.map(({ endpoint }) => endpoint));
  const target = { channel, chaincode: 'anchor', incarnation: 'uid-1', peers };
  for (const identity of [farm!.client, shop!.client, farm!.admin]) {
    const other = connectLedger({ ...target, ...identity });
    const put = other.submit('put', [JSON.stringify([fact('taken', 'x')])]);
    const error = await t.throwsAsync(put, { name: 'Unprocessable' });
    t.regex(error.message, /FORBIDDEN: only the platform itself writes facts/);
    t.like(JSON.parse(await other.evaluate('head', [field])), { version: 1 });
    other.close();
  }
  t.is(await ledger.attest('head', [idOf('taken')]), 'null');
});

test('puts of one datum at the same moment each get a number; of those that must have one, one does', async (t) => {
  const { ledger } = t.context;
  const facts = ['1', '2', '3', '4'].map((index) => versionFact('hot', { index }));
  const puts = facts.map((one) => ledger.submit('put', [JSON.stringify([one])]));
  const numbers = (await Promise.all(puts)).map(
    ({ result }) => (JSON.parse(result) as { version: number }[])[0]!.version,
  );
  t.deepEqual(numbers.sort(), [1, 2, 3, 4]);
  const next = ['5', '6'].map((index) => ({ ...versionFact('hot', { index }), after: 4 }));
  const raced = next.map((one) => ledger.submit('put', [JSON.stringify([one])]));
  const ends = (await Promise.allSettled(raced)).map(({ status }) => status);
  t.deepEqual(ends.sort(), ['fulfilled', 'rejected']);
  t.like(JSON.parse(await ledger.attest('head', [idOf('hot')])), { version: 5 });
});

test('a transaction nobody sent has no commit status', async (t) => {
  t.is(await t.context.ledger.commitStatus('00'.repeat(32)), undefined);
});

test('what the chaincode refuses is final and says why', async (t) => {
  const { ledger } = t.context;
  const other = JSON.stringify([fact('field/42', 'wheat')]);
  const error = await t.throwsAsync(ledger.submit('put', [other]), { name: 'Unprocessable' });
  t.regex(error.message, /CONFLICT: the index is that of another version/);
});

test('writes go on within 10 s of the loss of the leader', async (t) => {
  const { network, ledger } = t.context;
  const orderers = network.members.flatMap((member) => member.orderers);
  const { server } = (await leaderOf(orderers))!;
  await server.kill();
  const started = Date.now();
  await until('a write', () =>
    ledger
      .submit('put', [JSON.stringify([fact(`after/${Date.now()}`, 'x')])])
      .catch(awayAsUndefined),
  );
  const milliseconds = Date.now() - started;
  t.log(`first write ${milliseconds} ms after the loss`);
  t.true(milliseconds < 10_000);
  await server.start();
});

test('an orderer that lost its disk stays out, and writes go on', async (t) => {
  const { network, ledger } = t.context;
  const orderers = network.members.flatMap((member) => member.orderers);
  const leader = await leaderOf(orderers);
  const lost = orderers.find((one) => one !== leader)!;
  await lost.server.kill();
  await lost.wipe();
  await lost.server.start();
  const participation = connectParticipation(lost.admin);
  t.deepEqual(await until('it answers', () => participation.list().catch(awayAsUndefined)), []);
  t.is(decideJoin(await participation.info(channel), true), 'lost');
  // The Gateway picks an orderer by lot: among so many, that one too.
  for (let write = 0; write < 20; write++) {
    await until('a write', () =>
      ledger
        .submit('put', [JSON.stringify([fact(`without/${write}`, 'x')])])
        .catch(awayAsUndefined),
    );
  }
});

test('an orderer without the others knows that there is no leader', async (t) => {
  const { network } = t.context;
  const [farm, shop] = network.members;
  const asked = ordererOf(shop!.orderers[0]!, shop!.admin);
  const others = farm!.orderers.map(({ server }) => server);
  await until('a leader', () => asked.position(channel).catch(awayAsUndefined));
  await Promise.all(others.map((server) => server.kill()));
  await until('no leader', async () => (await asked.position(channel)) === undefined);
  await shop!.orderers[0]!.server.kill();
  await t.throwsAsync(asked.position(channel), { name: 'Unavailable' });
  asked.close();
});

test('the next peer answers when one is lost', async (t) => {
  const { network, ledger } = t.context;
  await network.members[0]!.peers[0]!.server.kill();
  t.like(JSON.parse(await ledger.evaluate('get', [field, '1'])), fact('field/42', 'barley'));
  await t.throwsAsync(ledger.attest('get', [field, '1']), { instanceOf: Unavailable });
  await t.throwsAsync(ledger.submit('put', [JSON.stringify([fact('lonely', 'x')])]), {
    instanceOf: Unavailable,
  });
});
