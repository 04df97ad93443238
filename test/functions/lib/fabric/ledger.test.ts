import test, { type ExecutionContext } from 'ava';
import { status } from '@grpc/grpc-js';
import { StatusCode } from '@hyperledger/fabric-gateway';
import { CommitUnknown } from '../../../../functions/lib/errors.ts';
import { connectLedger, type Ledger } from '../../../../functions/lib/fabric/ledger.ts';
import { startGateway, type Behaviour, type FakeGateway } from './gateway.ts';
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
    { attempts: 3, deadlines: { plan: 3_000, commit: 3_000, lookup: 2_000 } },
  );
  t.teardown(() => {
    ledger.close();
    for (const peer of peers) peer.stop();
  });
  return { ledger, peers };
}

/** The names of the calls a peer received. */
const names = ({ calls }: FakeGateway): string[] => calls.map((call) => call.split(' ')[0] ?? '');

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

test('a fate that stays unknown names the transaction, which is sent only once', async (t) => {
  const { ledger, peers } = await setup(t, { commit: () => 'never' });
  let endorsed = '';
  const error = await t.throwsAsync(
    ledger.submit('put', ['x'], { onEndorsed: (id) => void (endorsed = id) }),
    { instanceOf: CommitUnknown },
  );
  t.is(error.transactionId, endorsed);
  t.deepEqual(names(peers[0]!), ['endorse', 'submit', 'status']);
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
  const lost = { submit: inTurn(status.UNAVAILABLE) };
  const { ledger } = await setup(t, lost, { submit: () => status.ABORTED });
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

test('a probe endorses and sends nothing', async (t) => {
  const { ledger, peers } = await setup(t, {});
  await ledger.probe('put', ['x']);
  t.deepEqual(names(peers[0]!), ['endorse']);
});
