import test from 'ava';
import { isNewer } from '../../../../functions/provisioning/steps/configuration.ts';

test('a configuration takes the place of an older one only', (t) => {
  t.true(isNewer(0, undefined));
  t.false(isNewer(7, { number: 7 }));
  t.false(isNewer(6, { number: 7 }));
  t.true(isNewer(8, { number: 7 }));
});
