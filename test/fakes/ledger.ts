import { randomUUID } from 'node:crypto';
import { find, get, head, put } from '../../functions/anchor/anchor.ts';
import type { LedgerState } from '../../functions/anchor/book.ts';
import { CommitUnknown, Unprocessable } from '../../functions/lib/errors.ts';
import type { Ledger } from '../../functions/lib/fabric/ledger.ts';
import type { Ledgers } from '../../functions/lib/fabric/ledgers.ts';

/** The anchor chaincode's own code over a map, in the place of peers and orderers. */
export interface FakeLedger {
  ledgers: Ledgers;
  /** What the chaincode keeps, by the parts of its keys as JSON. */
  state: Map<string, string>;
  /** How many versions there are of a datum. */
  versionsOf: (id: string) => number;
  /** How many facts each committed transaction held. */
  groups: number[];
  /** What happens to the next transactions, one each; they succeed when nothing is said. */
  fates: ('unknown, committed' | 'unknown, lost' | 'refused')[];
  /** How many facts each transaction held that was tried. */
  tried: number[];
  /** The id of a datum that peers refuse, and with it the whole transaction. */
  refused: string | undefined;
  /** Transactions wait here before they commit. */
  gate: Promise<void>;
}

export function fakeLedger(): FakeLedger {
  const blocks = new Map<string, bigint>();
  const fake: FakeLedger = {
    ledgers: {
      find: ({ namespace, network }) =>
        Promise.resolve({ namespace, network, incarnation: 'uid-1' }),
      with: (_network, use) => use(ledger),
      close: () => undefined,
    },
    state: new Map(),
    versionsOf: (id) =>
      [...fake.state.keys()].filter((key) => key.startsWith(`["version","${id}"`)).length,
    groups: [],
    fates: [],
    tried: [],
    refused: undefined,
    gate: Promise.resolve(),
  };
  let last: Promise<unknown> = Promise.resolve();
  /** What one transaction reads no other changes, as MVCC has it. */
  const inTurn = <T>(transact: () => Promise<T>): Promise<T> => {
    const mine = last.then(transact, transact);
    last = mine;
    return mine;
  };
  const view = (transactionId: string, writes: Map<string, string>): LedgerState => ({
    transactionId,
    isWriter: true,
    get: (keys) =>
      Promise.resolve(keys.map((key) => Buffer.from(fake.state.get(JSON.stringify(key)) ?? ''))),
    put: (entries) => {
      for (const [key, value] of entries) {
        writes.set(JSON.stringify(key), Buffer.from(value).toString());
      }
      return Promise.resolve();
    },
  });
  const evaluate: Ledger['evaluate'] = (transaction, [first = '', second = '']) => {
    const state = view('', new Map());
    if (transaction === 'find') return find(state, first);
    return transaction === 'head' ? head(state, first) : get(state, first, second);
  };
  const ledger: Ledger = {
    async submit(_transaction, [records = '']) {
      const transactionId = randomUUID();
      await fake.gate;
      const given = JSON.parse(records) as { id?: string }[];
      fake.tried.push(given.length);
      const isRefused = given.some(({ id }) => id !== undefined && id === fake.refused);
      if (isRefused) throw new Unprocessable('it is refused');
      const fate = fake.fates.shift();
      if (fate === 'refused') throw new Unprocessable('the peers refused');
      if (fate === 'unknown, lost') throw new CommitUnknown(transactionId);
      const result = await inTurn(async () => {
        const writes = new Map<string, string>();
        const kept = await put(view(transactionId, writes), JSON.parse(records)).catch(
          (cause: unknown) => {
            throw new Unprocessable('the chaincode refused', { cause });
          },
        );
        for (const [key, value] of writes) fake.state.set(key, value);
        return kept;
      });
      blocks.set(transactionId, BigInt(blocks.size + 1));
      fake.groups.push(result.length);
      if (fate) throw new CommitUnknown(transactionId);
      const block = blocks.get(transactionId) ?? 0n;
      return { transactionId, block, result: JSON.stringify(result) };
    },
    evaluate,
    attest: evaluate,
    commitStatus: (transactionId) => {
      const block = blocks.get(transactionId);
      return Promise.resolve(
        block === undefined ? undefined : { code: 'VALID', successful: true, block },
      );
    },
    probe: () => Promise.resolve(),
    close: () => undefined,
  };
  return fake;
}
