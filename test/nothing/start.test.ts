/** The first command on a machine where nobody has ever worked. */
import { dirname } from 'node:path';
import test from 'ava';
import { cacheFolder } from '../../scripts/lib/cache.ts';
import { bareEnvironment, isBuilding, makeBare, npm } from './bare.ts';

test.serial(
  'from nothing but built components to a verified datum, and to nothing again',
  async (t) => {
    const bare = await makeBare();
    const caches = dirname(cacheFolder());
    const env = bareEnvironment(process.env, { home: bare.home, caches });
    const lines: string[] = [];
    const told = (line: string): void => void lines.push(line);
    t.teardown(bare.remove);
    const began = performance.now();
    const status = await npm(['start'], bare, env, told).ended;
    t.log(`started after ${((performance.now() - began) / 1000).toFixed(0)} s`);
    const stopped = await npm(['stop'], bare, env, told).ended;
    const said = lines.slice(-40).join('\n');
    t.is(status, 0, said);
    t.true(
      lines.some((line) => /verified/i.test(line)),
      said,
    );
    t.is(stopped, 0, said);
  },
);

test.serial('the first minutes of a start without any cache come to a build', async (t) => {
  const bare = await makeBare();
  const env = bareEnvironment(process.env, bare);
  const lines: string[] = [];
  t.teardown(bare.remove);
  let seen: () => void = () => undefined;
  const building = new Promise<true>((resolve) => (seen = () => resolve(true)));
  const { interrupt, ended } = npm(['start'], bare, env, (line) => {
    lines.push(line);
    if (isBuilding(line)) seen();
  });
  const first = await Promise.race([building, ended]);
  if (first === true) interrupt();
  await ended;
  const stopped = await npm(['stop'], bare, env, (line) => void lines.push(line)).ended;
  const said = lines.slice(-40).join('\n');
  t.is(first, true, said);
  t.is(stopped, 0, said);
});
