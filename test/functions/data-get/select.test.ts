import test from 'ava';
import { select, type Selection } from '../../../functions/data-get/select.ts';
import type { Conditions } from '../../../functions/lib/conditions.ts';
import { PreconditionFailed } from '../../../functions/lib/errors.ts';

const tag = '"3-ab"';

const cases: Record<string, [Conditions, Selection | 'refused']> = {
  'without a condition': [{}, 'whole'],
  'that is the one meant': [{ ifMatch: tag }, 'whole'],
  'that is one of those meant': [{ ifMatch: `"1-00", ${tag}` }, 'whole'],
  'that is any': [{ ifMatch: '*' }, 'whole'],
  'that is none of those meant': [{ ifMatch: '"1-00"' }, 'refused'],
  'that the caller has': [{ ifNoneMatch: tag }, 'unchanged'],
  'that the caller has, by a weak tag': [{ ifNoneMatch: `W/${tag}` }, 'unchanged'],
  'of which the caller has any': [{ ifNoneMatch: '*' }, 'unchanged'],
  'that is new to the caller': [{ ifNoneMatch: '"2-00"' }, 'whole'],
  'that is meant, and the caller has it': [{ ifMatch: '*', ifNoneMatch: tag }, 'unchanged'],
  'that is not meant, though the caller has it': [
    { ifMatch: '"1-00"', ifNoneMatch: tag },
    'refused',
  ],
};
for (const [name, [conditions, expected]] of Object.entries(cases)) {
  test(`a version ${name}: ${expected}`, (t) => {
    if (expected === 'refused') {
      t.throws(() => select(conditions, tag), { instanceOf: PreconditionFailed });
    } else {
      t.deepEqual(select(conditions, tag), expected);
    }
  });
}
