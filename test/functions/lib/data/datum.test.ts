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
  factOf,
  factText,
  faultOf,
  parseAnchored,
} from '../../../../functions/lib/data/fact.ts';
import { IntegrityError } from '../../../../functions/lib/errors.ts';
import { fact as described } from '../../../../functions/lib/events.ts';

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
    keys.version(ref, 42),
    `selvedge/v1/versions/${scope}/readings%2F42%20%C3%BC/0000000000000042`,
  ],
  'a policy': [keys.policy(ref), `selvedge/v1/policies/${scope}/readings%2F42%20%C3%BC`],
  'a record': [keys.record(network, 'n'), `selvedge/v1/records/${scope}/n`],
  'an intent': [keys.intent(network, 'i'), `selvedge/v1/intents/${scope}/i`],
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
        version: 3,
        owner: 'c0ffee',
        contentType: 'application/json',
        createdAt: '2026-01-01T00:00:00.000Z',
      }),
    ),
    `["selvedge-1","${scope}","readings/42 ü",3,"c0ffee","application/json","2026-01-01T00:00:00.000Z"]`,
  ],
};

for (const [name, [text, pinned]] of Object.entries(texts)) {
  test(`the bytes of ${name} are pinned`, (t) => {
    t.is(text, pinned);
  });
}

const fact = {
  ...{ incarnation: network.incarnation, key: 'k', version: 1, index: 'etcd://x' },
  ...{ digest: `sha256:${'ab'.repeat(32)}`, size: 64, owner: 'c0ffee', format: 'selvedge-1' },
};
const pinnedFact = `{"incarnation":"${network.incarnation}","key":"k","version":1,"index":"etcd://x","digest":"sha256:${'ab'.repeat(32)}","size":64,"owner":"c0ffee","format":"selvedge-1"`;

test('the bytes of a fact are pinned, in whatever order its members came', (t) => {
  const turned = Object.fromEntries(Object.entries(fact).reverse()) as typeof fact;
  t.is(factText(turned), `${pinnedFact}}`);
  t.is(anchoredText(turned, 'tx'), `${pinnedFact},"transactionId":"tx"}`);
  t.deepEqual(parseAnchored(`${pinnedFact},"transactionId":"tx"}`), {
    ...fact,
    transactionId: 'tx',
  });
});

test('what callers are told of a fact is what the chain keeps', (t) => {
  t.deepEqual(Object.keys(described.shape), Object.keys(factOf(fact)));
  t.is(faultOf(fact), undefined);
  t.true(described.safeParse(fact).success);
  for (const name of Object.keys(fact)) {
    const { [name as 'key']: _, ...rest } = fact;
    t.regex(faultOf(rest) ?? '', new RegExp(name));
    t.false(described.safeParse(rest).success);
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
    keys.version(ref, 1),
    keys.policy(ref),
    keys.record(network, 'n'),
    keys.intent(network, 'i'),
    objectPlace(network, 'b', 'n').index.slice('minio://b/'.length),
  ];
  for (const name of all) t.is(erased.filter((prefix) => name.startsWith(prefix)).length, 1, name);
  const longer = { ...ref, incarnation: `${network.incarnation}1` };
  t.false(erased.some((prefix) => keys.datum(longer).startsWith(prefix)));
  t.is(erased.length, Object.keys(prefixes).length - 1);
});
