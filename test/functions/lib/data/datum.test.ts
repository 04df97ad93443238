/** The bytes of the data contract: what is stored under an older build is read by a newer one. */
import test from 'ava';
import { format } from '../../../../functions/lib/data/cipher.ts';
import {
  associatedData,
  bindingOf,
  keys,
  locate,
  networkPrefixes,
  objectPlace,
  objectPrefix,
  parseIndex,
  prefixes,
  recordPlace,
} from '../../../../functions/lib/data/datum.ts';
import {
  anchoredText,
  factText,
  faultOf,
  headText,
  parseAnchored,
  parseHead,
  type VersionFact,
} from '../../../../functions/lib/data/fact.ts';
import { IntegrityError } from '../../../../functions/lib/errors.ts';
import { anchored as described, head as describedHead } from '../../../../functions/lib/events.ts';
import { ownerOnly } from '../../../../functions/lib/data/access-policy.ts';
import { metaDigest, policyDigest } from '../../../../functions/lib/data/digests.ts';
import { nameOf } from '../../../../functions/lib/data/names.ts';
import { versionFact } from '../../../fakes/facts.ts';

const network = {
  namespace: 'selvedge',
  network: 'supply',
  incarnation: '5e1f0a3c-0001-4000-8000-000000000001',
};
const ref = { ...network, key: 'readings/42 ü' };
const scope = 'selvedge/supply/5e1f0a3c-0001-4000-8000-000000000001';

const texts: Record<string, [string, string]> = {
  'a datum': [keys.datum(ref), `selvedge/v1/data/${scope}/readings%2F42%20%C3%BC`],
  'a version': [
    keys.version(ref, objectPlace(network, 'bucket', 'n').index),
    `selvedge/v1/versions/${scope}/readings%2F42%20%C3%BC/n`,
  ],
  'a policy': [keys.policy(ref), `selvedge/v1/policies/${scope}/readings%2F42%20%C3%BC`],
  'a proposed policy': [
    keys.proposal(ref, { edition: 12, policy: 'sha256:ab' }),
    `selvedge/v1/proposals/${scope}/readings%2F42%20%C3%BC/12/ab`,
  ],
  'a record': [keys.record(network, 'n'), `selvedge/v1/records/${scope}/n`],
  'an intent': [keys.intent(network, 'i'), `selvedge/v1/intents/${scope}/i`],
  'an erasure': [keys.erasure(ref), `selvedge/v1/erasures/${scope}/readings%2F42%20%C3%BC`],
  'an event': [keys.outbox('e'), 'selvedge/v1/outbox/e'],
  'the index of a record': [
    recordPlace(network, 'n').index,
    `etcd://selvedge/v1/records/${scope}/n`,
  ],
  'the index of an object': [
    objectPlace(network, 'bucket', 'n').index,
    `minio://bucket/${scope}/n`,
  ],
  'the associated data': [
    associatedData(
      format,
      bindingOf(ref, {
        index: 'minio://bucket/n',
        owner: 'c0ffee',
        contentType: 'application/json',
        createdAt: '2026-01-01T00:00:00.000Z',
      }),
    ),
    `["selvedge-2","${scope}","readings/42 ü","minio://bucket/n","c0ffee","application/json","2026-01-01T00:00:00.000Z"]`,
  ],
};

for (const [name, [text, pinned]] of Object.entries(texts)) {
  test(`the bytes of ${name} are pinned`, (t) => {
    t.is(text, pinned);
  });
}

const fact: VersionFact = versionFact('k', { incarnation: network.incarnation });
const { id, index, digest, policy, meta } = fact;
const pinnedFact =
  `{"kind":"version","id":"${id}","incarnation":"${network.incarnation}","index":"${index}",` +
  `"digest":"${digest}","size":64,"owner":"c0ffee","format":"selvedge-2","policy":"${policy}","meta":"${meta}"`;
const anchored = { ...fact, version: 3, transactionId: 'tx' };
const head = { owner: 'c0ffee', version: 3, policy, edition: 1, erased: false };
const turned = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).reverse()) as T;

test('the bytes of a fact are pinned, in whatever order its members came', (t) => {
  t.is(factText(turned(fact)), `${pinnedFact}}`);
  t.is(anchoredText(turned(anchored)), `${pinnedFact},"version":3,"transactionId":"tx"}`);
  t.deepEqual(parseAnchored(`${pinnedFact},"version":3,"transactionId":"tx"}`), anchored);
});

test('the bytes of a head are pinned', (t) => {
  const text = `{"owner":"c0ffee","version":3,"policy":"${policy}","edition":1,"erased":false}`;
  t.is(headText(turned(head)), text);
  t.deepEqual(parseHead(text), head);
});

test('what supports the rest of a version, its policy and its name are pinned', (t) => {
  const rest = {
    tier: 'record' as const,
    contentType: 'text/plain; x="ü"',
    createdAt: '2026-01-01T00:00:00.000Z',
    wrapped: 'vault:v1:AAAA',
  };
  t.is(metaDigest(rest), 'sha256:9658053969c5e2b720e7f91dbf148217ef7b0bc39fa7fcdcfaaffca8addb2d64');
  t.is(
    policyDigest(ownerOnly),
    'sha256:364a874163b168a1870b18ac48e3767fe4c865d9066c6e4bd78d8f73f85e6dae',
  );
  t.is(
    nameOf(Buffer.alloc(32, 7), ref),
    'a4e7a690564a450610795bc847a1b48a21af2690350c547ce67005ce58737d7c',
  );
});

test('what callers are told of a fact is what the chain keeps', (t) => {
  t.deepEqual(Object.keys(described.shape).sort(), Object.keys(anchored).sort());
  t.deepEqual(Object.keys(describedHead.shape), Object.keys(head));
  t.is(faultOf(fact), undefined);
  t.true(described.safeParse(anchored).success);
  for (const name of Object.keys(fact)) {
    const { [name as 'id']: _, ...rest } = fact;
    t.regex(faultOf(rest) ?? '', new RegExp(name));
    t.false(described.safeParse({ ...anchored, ...rest, [name]: undefined }).success);
  }
});

test('an index is read as it was made', (t) => {
  for (const place of [recordPlace(network, 'n'), objectPlace(network, 'bucket', 'n')]) {
    t.deepEqual(parseIndex(place.index), place);
    t.deepEqual(locate(network, 'bucket', place.index), place);
  }
});

const foreign: Record<string, string> = {
  'a record of another network': recordPlace({ ...network, network: 'other' }, 'n').index,
  'a record of an earlier network of the name': recordPlace(
    { ...network, incarnation: '5e1f' },
    'n',
  ).index,
  'an object of another network': objectPlace({ ...network, network: 'other' }, 'bucket', 'n')
    .index,
  'an object of another bucket': objectPlace(network, 'other', 'n').index,
  'a policy': `etcd://${keys.policy(ref)}`,
  'an object without a name': 'minio://bucket',
  'another scheme': 'https://bucket/n',
  nothing: '',
};

for (const [name, index] of Object.entries(foreign)) {
  test(`the index of ${name} is refused`, (t) => {
    t.throws(() => locate(network, 'bucket', index), { instanceOf: IntegrityError });
  });
}

test('what is erased with a network holds all that names it, and nothing of a longer name', (t) => {
  const erased = [...networkPrefixes(network), objectPrefix(network)];
  const all = [
    keys.datum(ref),
    keys.version(ref, 'etcd://x/n'),
    keys.policy(ref),
    keys.proposal(ref, { edition: 2, policy: 'sha256:ab' }),
    keys.record(network, 'n'),
    keys.intent(network, 'i'),
    objectPlace(network, 'b', 'n').index.slice('minio://b/'.length),
  ];
  for (const name of all) t.is(erased.filter((prefix) => name.startsWith(prefix)).length, 1, name);
  const longer = { ...ref, incarnation: `${network.incarnation}1` };
  t.false(erased.some((prefix) => keys.datum(longer).startsWith(prefix)));
  t.is(erased.length, Object.keys(prefixes).length - 1);
});
