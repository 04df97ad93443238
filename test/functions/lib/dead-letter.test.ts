import test from 'ava';
import { fromConfigMap, toConfigMap, type DeadLetter } from '../../../functions/lib/dead-letter.ts';

const letter: DeadLetter = {
  event: { specversion: '1.0', id: '1', source: '/s', type: 't.v1', data: 'x' },
  subscriber: 'http://a/',
  code: '500',
  answer: 'no',
  dataLeftOut: 70_000,
};

test('a letter comes back from its ConfigMap as it was', (t) => {
  const back = fromConfigMap(toConfigMap(letter, 'selvedge'));
  t.like(back, letter);
  t.is(back.name, `dead-letter-${back.id}`);
});

test('its name is that of source, id and subscriber, whatever else it holds', (t) => {
  const nameOf = (one: DeadLetter): string => toConfigMap(one, 'selvedge').metadata.name;
  const { event } = letter;
  t.is(nameOf(letter), nameOf({ ...letter, code: '503', event: { ...event, data: 'y' } }));
  t.not(nameOf(letter), nameOf({ ...letter, event: { ...event, id: '2' } }));
  t.not(nameOf(letter), nameOf({ ...letter, event: { ...event, source: '/other' } }));
  t.not(nameOf(letter), nameOf({ ...letter, subscriber: 'http://b/' }));
});

test('a ConfigMap that holds none is named', (t) => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'dead-letter-x' } };
  for (const data of [{}, { event: '{' }, { event: '{"id":1}' }]) {
    t.throws(() => fromConfigMap({ ...map, data }), { message: /dead-letter-x is no dead letter/ });
  }
});
