import test from 'ava';
import type { Definition, StoredDefinition } from '../../../functions/lib/fabric/definition.ts';
import { endorsementPolicy } from '../../../functions/lib/fabric/signature-policy.ts';
import { decide, type Seen } from '../../../functions/provisioning/chaincode-decision.ts';

const stored = (sequence: number, version: string, policy?: string): StoredDefinition => ({
  name: 'trade',
  version,
  sequence,
  validationParameter: Buffer.from(endorsementPolicy(policy)),
  collections: Buffer.alloc(0),
  initRequired: false,
});
const wanted = (version: string, endorsement?: string): Definition => ({
  name: 'trade',
  version,
  sequence: 0,
  ...(endorsement && { endorsementPolicy: endorsement }),
});
const policy = "OR('FarmMSP.peer')";

const table: [
  sentence: string,
  seen: Partial<Seen>,
  sequence: number,
  packageId: string | undefined,
  note?: RegExp,
][] = [
  ['what the channel does not have is its first', { committed: undefined }, 1, 'new'],
  ['what runs as it should stays', { packageId: 'old' }, 3, 'old'],
  ['an edited source changes nothing', {}, 3, 'old', /source has changed since version 1/],
  ['a source that is gone changes nothing', { packageId: undefined }, 3, 'old', /has changed/],
  ['a new version takes up new content', { wanted: wanted('2') }, 4, 'new'],
  [
    'a new version of the same content is said',
    { wanted: wanted('2'), packageId: 'old' },
    4,
    'old',
    /version 2 has the content of the version before/,
  ],
  [
    'and said as long as it is so',
    {
      wanted: wanted('2'),
      committed: stored(4, '2'),
      packageId: 'old',
      before: { version: '1', packageId: 'old' },
    },
    4,
    'old',
    /version 2 has the content/,
  ],
  ['a new policy keeps the content', { wanted: wanted('1', policy) }, 4, 'old', /has changed/],
  [
    'a policy that changed under one version is no new version',
    {
      wanted: wanted('1', policy),
      committed: stored(4, '1', policy),
      packageId: 'old',
      before: { version: '1', packageId: 'old' },
    },
    4,
    'old',
  ],
  ['what was withdrawn and is wanted again runs again', { approved: undefined }, 3, 'new'],
  [
    'a new version without a source has no package',
    { wanted: wanted('2'), packageId: undefined },
    4,
    undefined,
  ],
];

for (const [sentence, seen, sequence, packageId, said] of table) {
  test(sentence, (t) => {
    const decision = decide({
      wanted: wanted('1'),
      packageId: 'new',
      committed: stored(3, '1'),
      approved: 'old',
      ...seen,
    });
    t.like(decision, { sequence, packageId });
    if (said) t.regex(decision.note ?? '', said);
    else t.is(decision.note, undefined);
  });
}
