import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { status } from '@grpc/grpc-js';
import { StatusCode } from '@hyperledger/fabric-gateway';
import { CommitUnknown } from '../../../../functions/lib/errors.ts';
import { connectLedger, type Ledger } from '../../../../functions/lib/fabric/ledger.ts';
import { startGateway, startWay, type Behaviour, type FakeGateway } from './gateway.ts';
import { createOrganization } from './identities.ts';

const farm = await createOrganization('farm', 'FarmMSP');
const client = await farm.msp.issue({ name: 'data-put', unit: 'client' });

async function setup(
  t: ExecutionContext,
  ...behaviours: Behaviour[]
): Promise<{ ledger: Ledger; peers: FakeGateway[] }> {
  const peers = await Promise.all(behaviours.map((behaviour) => startGateway(farm, behaviour)));
  const ledger = connectLedger(
    {
      channel: 'goods',
      chaincode: 'anchor',
      incarnation: 'uid-1',
      mspId: 'FarmMSP',
      ...client,
      peers: peers.map(({ endpoint }) => endpoint),
    },
    { attempts: 3, deadlines: { plan: 3_000, order: 2_000, commit: 3_000, lookup: 2_000 } },
  );
  t.teardown(() => {
    ledger.close();
    for (const peer of peers) peer.stop();
  });
  return { ledger, peers };
}

/** The names of the calls a peer received. */
const names = ({ calls }: FakeGateway): string[] => calls.map((call) => call.split(' ')[0] ?? '');

/** Nothing is ever committed. */
const never = { commit: () => 'never' as const };

/** Gives the first value once, then the second once, …, then undefined. */
const inTurn = <T>(...values: T[]) => {
  const left = [...values];
  return () => left.shift();
};

test('a transaction is endorsed, reported, sent and waited for', async (t) => {
  const { ledger, peers } = await setup(t, {});
  const [peer] = peers;
  const seen: string[] = [];
  const receipt = await ledger.submit('put', ['x'], {
    onEndorsed: (id) => {
      seen.push(id);
      t.deepEqual(names(peer!), ['endorse'], 'nothing was sent before');
    },
  });
  t.deepEqual(receipt, { transactionId: seen[0]!, block: 7n, result: 'result' });
  const [id] = seen;
  t.deepEqual(peer!.calls, [`endorse ${id}`, `submit ${id}`, `status ${id}`]);
});

test('nothing is sent when the id could not be recorded', async (t) => {
  const { ledger, peers } = await setup(t, {});
  const onEndorsed = () => Promise.reject(new Error('the store is full'));
  await t.throwsAsync(ledger.submit('put', ['x'], { onEndorsed }), { message: /store is full/ });
  t.deepEqual(names(peers[0]!), ['endorse']);
});

test('a conflict is endorsed again, under a new id each time', async (t) => {
  const conflict = StatusCode.MVCC_READ_CONFLICT;
  const { ledger, peers } = await setup(t, {
    commit: () => (peers[0]!.calls.length < 7 ? conflict : StatusCode.VALID),
  });
  const seen: string[] = [];
  const receipt = await ledger.submit('put', ['x'], { onEndorsed: (id) => void seen.push(id) });
  t.is(seen.length, 3);
  t.is(new Set(seen).size, 3);
  t.is(receipt.transactionId, seen[2]!);
});

test('a conflict that lasts is given up', async (t) => {
  const { ledger, peers } = await setup(t, { commit: () => StatusCode.MVCC_READ_CONFLICT });
  await t.throwsAsync(ledger.submit('put', ['x']), { name: 'Conflict' });
  t.is(peers[0]!.calls.length, 3 * 3);
});

test('a transaction found invalid for another reason is not sent again', async (t) => {
  const { ledger, peers } = await setup(t, {
    commit: () => StatusCode.ENDORSEMENT_POLICY_FAILURE,
  });
  await t.throwsAsync(ledger.submit('put', ['x']), { name: 'Unprocessable' });
  t.deepEqual(names(peers[0]!), ['endorse', 'submit', 'status']);
});

test('a transaction that nobody commits is sent again as it is, and named when its time is over', async (t) => {
  const { ledger, peers } = await setup(t, never);
  let endorsed = '';
  const error = await t.throwsAsync(
    ledger.submit('put', ['x'], { onEndorsed: (id) => void (endorsed = id) }),
    { instanceOf: CommitUnknown },
  );
  t.is(error.transactionId, endorsed);
  t.deepEqual(peers[0]!.calls, [
    `endorse ${endorsed}`,
    `submit ${endorsed}`,
    `status ${endorsed}`,
    `submit ${endorsed}`,
    `status ${endorsed}`,
  ]);
});

test('a transaction that its orderer lost is committed when it was sent again', async (t) => {
  const { ledger, peers } = await setup(t, { commit: inTurn('never' as const) });
  await ledger.submit('put', ['x']);
  t.deepEqual(names(peers[0]!), ['endorse', 'submit', 'status', 'submit', 'status']);
});

test('where commits take long, a transaction is waited for before it is sent again', async (t) => {
  const longer = () => delay(1_700, StatusCode.VALID);
  const answers = [() => 'never' as const, () => StatusCode.VALID, longer];
  const { ledger, peers } = await setup(t, { commit: () => answers.shift()?.() });
  await ledger.submit('put', ['x']);
  const before = peers[0]!.calls.length;
  await ledger.submit('put', ['y']);
  t.deepEqual(names(peers[0]!).slice(before), ['endorse', 'submit', 'status']);
});

test('who waits for a commit in vain waits at the next peer', async (t) => {
  const { ledger, peers } = await setup(t, never, {});
  await ledger.submit('put', ['x']);
  t.deepEqual(peers.map(names), [
    ['endorse', 'submit', 'status'],
    ['submit', 'status'],
  ]);
});

test('who waits for a commit at a peer that goes away waits at the next', async (t) => {
  const { ledger, peers } = await setup(t, { commit: goAway }, {});
  function goAway() {
    peers[0]!.stop();
    return 'never' as const;
  }
  await ledger.submit('put', ['x']);
  t.deepEqual(peers.map(names), [['endorse', 'submit', 'status'], ['status']]);
});

test('orderers without a leader are given a little time', async (t) => {
  const details = 'no orderers could successfully process transaction';
  const none = { code: status.UNAVAILABLE, details };
  const { ledger, peers } = await setup(t, { submit: inTurn(none, none) });
  await ledger.submit('put', ['x']);
  t.deepEqual(names(peers[0]!), ['endorse', 'submit', 'submit', 'submit', 'status']);
});

test('orderers that never have a leader are not waited for, and nothing was sent', async (t) => {
  const details = 'no orderers could successfully process transaction';
  const { ledger, peers } = await setup(t, {
    submit: () => ({ code: status.UNAVAILABLE, details }),
  });
  const error = await t.throwsAsync(ledger.submit('put', ['x']), { name: 'Unavailable' });
  t.false(error instanceof CommitUnknown);
  t.false(names(peers[0]!).includes('status'));
});

test('the next peer is asked when one is away, and asked first from then on', async (t) => {
  const { ledger, peers } = await setup(t, {}, {});
  const [first, second] = peers;
  first!.stop();
  t.is(await ledger.evaluate('get', ['x']), 'result');
  await ledger.submit('put', ['x']);
  t.deepEqual(first!.calls, []);
  t.deepEqual(names(second!), ['evaluate', 'endorse', 'submit', 'status']);
});

test('what is lost with one peer is sent by the next, the same transaction', async (t) => {
  const { ledger, peers } = await setup(t, { submit: inTurn(status.UNAVAILABLE) }, {});
  const [first, second] = peers;
  const { transactionId } = await ledger.submit('put', ['x']);
  t.deepEqual(first!.calls, [`endorse ${transactionId}`, `submit ${transactionId}`]);
  t.deepEqual(second!.calls, [`submit ${transactionId}`, `status ${transactionId}`]);
});

test('what one peer may have passed on stays unknown when the next refuses it', async (t) => {
  const lost = { submit: inTurn(status.UNAVAILABLE), ...never };
  const { ledger } = await setup(t, lost, { submit: () => status.ABORTED, ...never });
  await t.throwsAsync(ledger.submit('put', ['x']), { instanceOf: CommitUnknown });
});

test('peers that do not know of each other yet are given a little time', async (t) => {
  const { ledger, peers } = await setup(t, { endorse: inTurn(status.FAILED_PRECONDITION) });
  await ledger.submit('put', ['x']);
  t.deepEqual(names(peers[0]!), ['endorse', 'endorse', 'submit', 'status']);
});

test('peers that never get to know of each other are not waited for', async (t) => {
  const { ledger, peers } = await setup(t, { endorse: () => status.FAILED_PRECONDITION });
  await t.throwsAsync(ledger.submit('put', ['x']), { name: 'Unavailable' });
  t.deepEqual([...new Set(names(peers[0]!))], ['endorse']);
  t.true(peers[0]!.calls.length > 1);
});

test('a refusal of one peer is final', async (t) => {
  const { ledger, peers } = await setup(t, { endorse: () => status.PERMISSION_DENIED }, {});
  await t.throwsAsync(ledger.submit('put', ['x']), { name: 'Unprocessable' });
  t.deepEqual(peers[1]!.calls, []);
});

test('without any peer nothing was sent', async (t) => {
  const { ledger, peers } = await setup(t, {}, {});
  for (const peer of peers) peer.stop();
  const error = await t.throwsAsync(ledger.submit('put', ['x']), { name: 'Unavailable' });
  t.false(error instanceof CommitUnknown);
});

test('a look-up tells how a transaction was committed, or that it is not', async (t) => {
  const { ledger, peers } = await setup(t, {
    commit: () => (peers[0]!.calls.at(-1) === 'status gone' ? 'never' : StatusCode.BAD_PAYLOAD),
  });
  t.deepEqual(await ledger.commitStatus('tx1'), {
    code: 'BAD_PAYLOAD',
    successful: false,
    block: 7n,
  });
  t.is(await ledger.commitStatus('gone'), undefined);
});

test('a look-up waits no longer for a peer that lags than leaves time for the next', async (t) => {
  const { ledger, peers } = await setup(t, never, {});
  t.is((await ledger.commitStatus('tx1'))?.code, 'VALID');
  t.is((await ledger.commitStatus('tx2'))?.code, 'VALID');
  t.deepEqual(
    peers.map(({ calls }) => calls),
    [['status tx1'], ['status tx1', 'status tx2']],
  );
});

test('a probe endorses and sends nothing', async (t) => {
  const { ledger, peers } = await setup(t, {});
  await ledger.probe('put', ['x']);
  t.deepEqual(names(peers[0]!), ['endorse']);
});

/** Two peers, the first of which can fall silent. */
async function setupWay(t: ExecutionContext) {
  const [first, second] = [await startGateway(farm), await startGateway(farm)];
  const way = await startWay(first);
  const told: string[] = [];
  const ledger = connectLedger(
    {
      ...{ channel: 'goods', chaincode: 'anchor', incarnation: 'uid-1', mspId: 'FarmMSP' },
      ...client,
      peers: [way.endpoint, second.endpoint],
    },
    { patienceMs: 10, tell: ({ kind, address }) => told.push(`${kind} ${address}`) },
  );
  t.teardown(() => {
    ledger.close();
    way.stop();
    for (const peer of [first, second]) peer.stop();
  });
  return { ledger, first, second, way, told };
}

test('a peer that falls silent is passed over, and not asked by the next call', async (t) => {
  const { ledger, first, second, way, told } = await setupWay(t);
  await ledger.evaluate('get', ['x']);
  way.fallSilent();
  t.is(await ledger.evaluate('get', ['x']), 'result');
  t.is((await ledger.submit('put', ['x'])).result, 'result');
  t.deepEqual(names(first), ['evaluate']);
  t.deepEqual(names(second), ['evaluate', 'endorse', 'submit', 'status']);
  t.true(told.every((one) => one === `peer https://${way.endpoint.address}`));
  t.true(told.length > 0);
});

test('a transaction that a peer took and fell silent is looked up at the next, and not endorsed again', async (t) => {
  const { ledger, first, second, way } = await setupWay(t);
  first.behaviour.submit = () => {
    way.fallSilent();
    return undefined;
  };
  const { transactionId } = await ledger.submit('put', ['x']);
  t.deepEqual(names(first), ['endorse', 'submit']);
  t.true(second.calls.includes(`status ${transactionId}`));
  t.false(names(second).includes('endorse'));
});

test('what a peer refuses at the end of a certificate was not refused for good', async (t) => {
  const refuse = { code: status.ABORTED, details: 'creator certificate is not valid' };
  const peer = await startGateway(farm, { endorse: () => refuse });
  const of = {
    ...{ channel: 'goods', chaincode: 'anchor', incarnation: 'uid-1', mspId: 'FarmMSP' },
    ...{ ...client, peers: [peer.endpoint] },
  };
  const end = new X509Certificate(client.certificate).validToDate;
  const young = connectLedger(of, { now: () => new Date(end.getTime() - 3600_000) });
  const old = connectLedger(of, { now: () => new Date(end.getTime() - 60_000) });
  t.teardown(() => {
    young.close();
    old.close();
    peer.stop();
  });
  await t.throwsAsync(young.submit('put', ['x']), { name: 'Unprocessable' });
  await t.throwsAsync(old.submit('put', ['x']), { name: 'Unavailable' });
  await t.throwsAsync(old.evaluate('get', ['x']), { name: 'Unavailable' });
});
