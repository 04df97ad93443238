/** Parts of the cluster are lost under callers that put and get without pause. */
import test from 'ava';
import { faultNamed } from '../../../scripts/chaos/faults/index.ts';
import { holds, struck } from '../chaos.ts';

for (const name of ['orderer-leader', 'peer', 'vault-leader', 'gateway'])
  test.serial(`nothing is lost: ${faultNamed(name).says}`, async (t) => {
    holds(t, await struck(t, name));
  });
