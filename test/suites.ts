import { dirname } from 'node:path';
import { cacheFolder } from '../scripts/lib/cache.ts';
import { bareEnvironment, makeBare, npm } from './bare.ts';
import { ava, avaTwice, goTests, program, sum, whole, type Count } from './runners.ts';

interface Options {
  /** Test the cluster of this checkout, which is started if need be and left running. */
  here: boolean;
}

/** A suite counts what it ran; it never throws because of a failing test. */
type Suite = (options: Options) => Promise<Count>;

/** By name, in the order in which they fail fastest. */
export const suites: Record<string, Suite> = {
  check: async () => {
    const counts = [
      await program('types', 'tsc', ['--noEmit', '--project', '.']),
      await program('lint', 'eslint', ['.', '--max-warnings', '0']),
      await program('format', 'prettier', ['--check', '--log-level', 'warn', '.']),
    ];
    return sum(counts);
  },
  unit: () => ava('unit'),
  go: async () =>
    sum([
      await goTests('fabric-peer-fork'),
      await goTests('scripts/cluster/components/cluster', [
        './kube-router/...',
        './rabbitmq-broker/...',
      ]),
      await goTests('scripts/cluster/components/etcd'),
    ]),
  integration: () => avaTwice('integration'),
  nothing: () => ava('nothing'),
  e2e: ({ here }) => (here ? onOwnCluster() : fromNothing()),
};

/** Some share the cluster, others have it alone: they break it, or need it quiet. */
const endToEnd = async (checkout?: string): Promise<Count> =>
  sum([await avaTwice('e2e', checkout), await ava('e2e-alone', checkout)]);

async function onOwnCluster(): Promise<Count> {
  const start = await program('cluster', process.execPath, ['scripts/main.ts', 'up']);
  return start.failures.length > 0 ? start : sum([start, await endToEnd()]);
}

/** A stranger's way: a copy of the checkout, started in a bare environment, tested, and stopped. */
async function fromNothing(): Promise<Count> {
  const bare = await makeBare();
  const caches = dirname(cacheFolder());
  const env = bareEnvironment(process.env, { home: bare.home, caches });
  const script = async (name: string, said: string): Promise<Count> =>
    whole(said, await npm([name], bare, env, console.log).ended);
  try {
    const start = await script('start', 'from nothing but builds to a verified datum');
    const count = start.failures.length > 0 ? start : sum([start, await endToEnd(bare.checkout)]);
    return sum([count, await script('stop', 'and to nothing again')]);
  } finally {
    await bare.remove();
  }
}

/** Runs suites one after another: two cores carry no more. */
export async function runSuites(names: string[], options: Options): Promise<Count> {
  const counts: Count[] = [];
  for (const name of names) {
    const suite = suites[name];
    if (!suite) throw new Error(`no suite is called ${name}`);
    const start = performance.now();
    console.log(`\n── ${name}`);
    const count = await suite(options);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    console.log(
      `── ${name}: ${count.passed} passed, ${count.failures.length} failed in ${seconds} s`,
    );
    counts.push(count);
  }
  return sum(counts);
}
