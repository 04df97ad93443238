/** The first command on a machine where nobody has ever worked; to its end it runs for the e2e tests. */
import test from 'ava';
import { bareEnvironment, isBuilding, makeBare, npm } from '../bare.ts';

test('the first minutes of a start without any cache come to a build', async (t) => {
  const bare = await makeBare();
  const env = bareEnvironment(process.env, bare);
  const lines: string[] = [];
  t.teardown(bare.remove);
  let seen: () => void = () => undefined;
  const building = new Promise<true>((resolve) => (seen = () => resolve(true)));
  const { end, ended } = npm(['start'], bare, env, (line) => {
    lines.push(line);
    if (isBuilding(line)) seen();
  });
  const first = await Promise.race([building, ended]);
  if (first === true) end('SIGINT');
  await ended;
  const stopped = await npm(['stop'], bare, env, (line) => void lines.push(line)).ended;
  const said = lines.slice(-40).join('\n');
  t.is(first, true, said);
  t.is(stopped, 0, said);
});
