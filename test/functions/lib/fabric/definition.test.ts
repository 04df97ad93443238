import test from 'ava';
import { peer } from '@hyperledger/fabric-protos';
import {
  fill,
  sameDefinition,
  type Definition,
  type StoredDefinition,
} from '../../../../functions/lib/fabric/definition.ts';

const wanted: Definition = {
  name: 'trade',
  version: '1',
  sequence: 1,
  endorsementPolicy: "OR('A.peer', 'B.peer')",
  collections: [
    { name: 'prices', policy: "OR('A.member')", requiredPeerCount: 0, maxPeerCount: 1 },
  ],
};

/** The definition as it comes back from a peer that was sent it. */
function stored(definition: Definition): StoredDefinition {
  const bytes = fill(
    new peer.lifecycle.CommitChaincodeDefinitionArgs(),
    definition,
  ).serializeBinary();
  const message = peer.lifecycle.CommitChaincodeDefinitionArgs.deserializeBinary(bytes);
  return {
    name: message.getName(),
    version: message.getVersion(),
    sequence: message.getSequence(),
    validationParameter: Buffer.from(message.getValidationParameter_asU8()),
    collections: Buffer.from(message.getCollections()?.serializeBinary() ?? []),
    initRequired: message.getInitRequired(),
  };
}

test('what was committed is the same as what was wanted', (t) => {
  t.true(sameDefinition(wanted, stored(wanted)));
  const plain = { name: 'trade', version: '1', sequence: 1 };
  t.true(sameDefinition(plain, stored(plain)));
});

test('the sequence says which change it is, not what it says', (t) => {
  t.true(sameDefinition(wanted, stored({ ...wanted, sequence: 7 })));
});

const changes: [what: string, change: Partial<Definition>][] = [
  ['name', { name: 'other' }],
  ['version', { version: '2' }],
  ['endorsement policy', { endorsementPolicy: "AND('A.peer', 'B.peer')" }],
  [
    'endorsement policy, now the default',
    { endorsementPolicy: '/Channel/Application/Endorsement' },
  ],
  ['collections', { collections: [] }],
  ['need of initialisation', { initRequired: true }],
];
for (const [what, change] of changes) {
  test(`another ${what} is another definition`, (t) => {
    t.false(sameDefinition({ ...wanted, ...change }, stored(wanted)));
  });
}
