import test from 'ava';
import { networkSpec, type NetworkSpec } from '../../../functions/lib/network.ts';
import type { Placement } from '../../../functions/lib/network/status.ts';
import { type Known, place } from '../../../functions/provisioning/placement.ts';
import { supply } from './world.ts';

/** `farm 2, shop 1` */
const placement = (text: string): Placement =>
  text.split(', ').map((part) => {
    const [organization = '', orderers] = part.split(' ');
    return { organization, orderers: Number(orderers) };
  });

const inWords = (placed: Placement): string =>
  placed.map(({ organization, orderers }) => `${organization} ${orderers}`).join(', ');

function specOf(orderers: number, names: string): NetworkSpec {
  const spec = networkSpec.parse(supply().spec);
  spec.consensus.orderers = orderers;
  spec.organizations = names.split(' ').map((name) => ({ name, mspId: name, peers: 1 }));
  return spec;
}

interface Case {
  orderers?: number;
  organizations: string;
  decided?: string;
  /** What the channels' consenters and what the StatefulSets say. */
  consenters?: string;
  sets?: string;
}

const knownOf = ({ decided, consenters, sets }: Case): Known => ({
  decided: decided === undefined ? undefined : placement(decided),
  witnesses: [consenters, sets].map((text) => (text === undefined ? [] : placement(text))),
});

const outcome = (given: Case): string => {
  const { orderers = 3, organizations } = given;
  return inWords(place(specOf(orderers, organizations), knownOf(given)));
};

const first: [orderers: number, organizations: string, placed: string][] = [
  [1, 'farm shop', 'farm 1'],
  [3, 'farm', 'farm 3'],
  [3, 'farm shop', 'farm 2, shop 1'],
  [3, 'farm shop bank', 'farm 1, shop 1, bank 1'],
  [3, 'farm shop bank port', 'farm 1, shop 1, bank 1'],
  [7, 'farm shop bank', 'farm 3, shop 2, bank 2'],
];
for (const [orderers, organizations, placed] of first) {
  test(`the first time, ${orderers} orderers go round ${organizations}: ${placed}`, (t) => {
    t.is(outcome({ orderers, organizations }), placed);
  });
}

const kept: [sentence: string, given: Case, placed: string][] = [
  [
    'nothing has changed',
    { organizations: 'farm shop', decided: 'farm 2, shop 1' },
    'farm 2, shop 1',
  ],
  [
    'the organizations come in another order',
    { organizations: 'shop farm', decided: 'farm 2, shop 1' },
    'farm 2, shop 1',
  ],
  [
    'an organization was added',
    { organizations: 'bank farm shop', decided: 'farm 2, shop 1' },
    'farm 2, shop 1',
  ],
  [
    'the status counts, whatever else is there',
    { organizations: 'farm shop', decided: 'farm 1, shop 2', sets: 'farm 2, shop 1' },
    'farm 1, shop 2',
  ],
  [
    'the status is lost, and the StatefulSets are there',
    { organizations: 'shop farm', sets: 'farm 2, shop 1' },
    'shop 1, farm 2',
  ],
  [
    'the status is lost before all StatefulSets were made',
    { organizations: 'shop farm', sets: 'farm 2' },
    'shop 1, farm 2',
  ],
  [
    'the status and a StatefulSet are lost, and a channel knows its orderers',
    { organizations: 'farm shop', consenters: 'shop 2, farm 1', sets: 'farm 1' },
    'farm 1, shop 2',
  ],
  [
    'the consenters count, whatever was done to a StatefulSet',
    { organizations: 'farm shop', consenters: 'farm 2, shop 1', sets: 'farm 5, shop 1' },
    'farm 2, shop 1',
  ],
  [
    'a consenter is out of its channel to be added anew, and its StatefulSet is there',
    { organizations: 'shop farm', consenters: 'farm 2', sets: 'farm 2, shop 1' },
    'shop 1, farm 2',
  ],
];
for (const [sentence, given, placed] of kept) {
  test(`${sentence}: ${placed}`, (t) => t.is(outcome(given), placed));
}

const refused: [sentence: string, given: Case, message: RegExp][] = [
  [
    'more orderers than were placed',
    { orderers: 5, organizations: 'farm shop', decided: 'farm 2, shop 1' },
    /runs 3 orderers and the spec says 5/,
  ],
  [
    'fewer orderers than were placed',
    { orderers: 1, organizations: 'farm shop', decided: 'farm 2, shop 1' },
    /runs 3 orderers and the spec says 1/,
  ],
  [
    'fewer orderers than a channel has',
    { orderers: 1, organizations: 'farm shop', consenters: 'farm 2, shop 1' },
    /runs 3 orderers and the spec says 1/,
  ],
  [
    'an organization less, which runs orderers',
    { organizations: 'farm', decided: 'farm 2, shop 1' },
    /shop runs orderers of the network \(1\) and is not in the spec/,
  ],
  [
    'another organization instead, while only the StatefulSets tell',
    { organizations: 'farm bank', sets: 'farm 2, shop 1' },
    /shop runs orderers of the network \(1\) and is not in the spec/,
  ],
];
for (const [sentence, given, message] of refused) {
  test(`refused with its reason: ${sentence}`, (t) => {
    t.like(
      t.throws(() => outcome(given), { name: 'Refused', message }),
      {
        reason: 'PlacementFixed',
      },
    );
  });
}
