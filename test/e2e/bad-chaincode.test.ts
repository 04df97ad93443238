/** Chaincodes that do not run: what the network says of them, and that nobody waits for them. */
import test from 'ava';
import { until } from '../../functions/lib/until.ts';
import { fresh } from './cluster.ts';
import { applyWithSource, exits, exportsNothing, removeWithSource, statusOf } from './failing.ts';

for (const [what, source, said] of [
  ['exits', exits, /exit code 1: .*this chaincode ends by itself/],
  [
    'exports no contract',
    exportsNothing,
    /exit code 1: .*exports no list "contracts" of contract classes/,
  ],
] as const) {
  test(`a chaincode that ${what} is said with its cause within 60 s of the anchor`, async (t) => {
    const name = fresh('bad');
    t.teardown(() => removeWithSource(name));
    await applyWithSource(name, source);
    await until({ what: 'the anchor to run', timeoutMs: 180_000 }, async () => {
      return (await statusOf(name, 'Anchor')).condition?.status === 'True';
    });
    const told = await until({ what: 'the cause to be told', timeoutMs: 60_000 }, async () => {
      const { condition } = await statusOf(name, 'Chaincodes');
      return condition?.reason === 'ChaincodeFailed' && condition;
    });
    t.regex(told.message, said);
    t.is((await statusOf(name, 'Chaincodes')).phase, 'Degraded');
    await until({ what: 'the rest to go on', timeoutMs: 60_000 }, async () => {
      return (await statusOf(name, 'Endpoints')).condition?.status === 'True';
    });
  });
}
