import test from 'ava';
import type { z } from 'zod';
import { networkSpec } from '../../../functions/lib/network.ts';
import { supplySpec } from '../../fakes/supply.ts';

type Input = z.input<typeof networkSpec>;

function faults(change: (spec: Input) => void): string[] {
  const spec = supplySpec();
  change(spec);
  const result = networkSpec.safeParse(spec);
  return result.success ? [] : result.error.issues.map(({ path }) => path.join('.'));
}

test('the sample network is well formed', (t) => {
  t.deepEqual(
    faults(() => undefined),
    [],
  );
});

test('what may be left out has a sane default', (t) => {
  const { consensus, channels } = networkSpec.parse({
    consensus: {},
    organizations: [{ name: 'solo', mspId: 'SoloMSP' }],
    channels: [{ name: 'one', organizations: ['solo'] }],
  });
  t.deepEqual(consensus, { type: 'raft', orderers: 3 });
  t.deepEqual(channels[0]?.chaincodes, []);
});

for (const [what, change, path] of [
  ['no orderers', (s: Input) => (s.consensus.orderers = 0), 'consensus.orderers'],
  ['an even number of raft orderers', (s: Input) => (s.consensus.orderers = 4), 'consensus'],
  ['BFT with 3', (s: Input) => (s.consensus = { type: 'bft', orderers: 3 }), 'consensus'],
  [
    'two organizations with one MSP id',
    (s: Input) => (s.organizations[1]!.mspId = 'FarmMSP'),
    'organizations',
  ],
  [
    'two organizations with one name',
    (s: Input) => (s.organizations[1]!.name = 'farm'),
    'organizations',
  ],
  ['a name with ../', (s: Input) => (s.organizations[0]!.name = '../etc'), 'organizations.0.name'],
  [
    'a name of 300 characters',
    (s: Input) => (s.channels[0]!.name = 'a'.repeat(300)),
    'channels.0.name',
  ],
  [
    'a channel that ends with a dot, as no Kubernetes name does',
    (s: Input) => (s.channels[0]!.name = 'goods.'),
    'channels.0.name',
  ],
  [
    'a channel with a part that begins with -',
    (s: Input) => (s.channels[0]!.name = 'goods.-eu'),
    'channels.0.name',
  ],
  ['a unicode name', (s: Input) => (s.organizations[0]!.mspId = 'Fårm'), 'organizations.0.mspId'],
  [
    'a channel with an unknown organization',
    (s: Input) => s.channels[0]!.organizations.push('bank'),
    '',
  ],
  ['data on an unknown channel', (s: Input) => (s.data = { channel: 'other' }), ''],
  [
    'a chaincode from nowhere',
    (s: Input) => (s.channels[0]!.chaincodes = [{ name: 'trade', version: '1' }]),
    'channels.[].chaincodes.[]',
  ],
  [
    'an endorsement policy with an open bracket',
    (s: Input) => (s.channels[0]!.chaincodes![0]!.endorsement = "OR('FarmMSP.peer'"),
    'channels.0.chaincodes.0.endorsement',
  ],
  [
    'an endorsement policy of someone who is not on the channel',
    (s: Input) => (s.channels[0]!.chaincodes![0]!.endorsement = "OR('BankMSP.peer')"),
    'channels.0.chaincodes.0.endorsement',
  ],
  [
    'an endorsement policy that the channel does not have',
    (s: Input) => (s.channels[0]!.chaincodes![0]!.endorsement = '/Channel/Application/Kings'),
    'channels.0.chaincodes.0.endorsement',
  ],
  [
    'an image without a digest',
    (s: Input) =>
      (s.channels[0]!.chaincodes = [{ name: 'trade', version: '1', image: 'trade:latest' }]),
    'channels.0.chaincodes.0.image',
  ],
] as const) {
  test(`${what} is refused, naming the field`, (t) => {
    t.true(faults(change).includes(path), faults(change).join(' | '));
  });
}

for (const endorsement of [
  "OR('FarmMSP.peer')",
  "OutOf(1, 'FarmMSP.peer', 'FarmMSP.admin')",
  '/Channel/Application/Endorsement',
]) {
  test(`the endorsement policy ${endorsement} is taken`, (t) => {
    const listed = faults((spec) => (spec.channels[0]!.chaincodes![0]!.endorsement = endorsement));
    t.deepEqual(listed, []);
  });
}

test('every bad field is listed at once', (t) => {
  const listed = faults((spec) => {
    spec.consensus.orderers = 0;
    spec.organizations[0]!.name = '../x';
    spec.channels[0]!.name = 'Ä';
  });
  t.true(listed.length >= 3);
});
