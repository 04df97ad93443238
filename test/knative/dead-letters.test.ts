import test from 'ava';
import { deadLetterPath } from '../../functions/lib/dead-letter.ts';
import { ofKind, type Manifest } from './manifests.ts';

interface Delivering extends Manifest {
  spec: { delivery?: { deadLetterSink?: { ref: { kind: string; name: string }; uri: string } } };
}

test('what nobody takes goes where failover keeps it, from the Broker and from every Trigger', (t) => {
  const delivering = ofKind<Delivering>('Broker', 'Trigger');
  t.true(delivering.length >= 4);
  for (const { file, spec } of delivering) {
    const sink = spec.delivery?.deadLetterSink;
    t.like(sink, { ref: { kind: 'Service', name: 'failover' }, uri: deadLetterPath }, file);
  }
});
