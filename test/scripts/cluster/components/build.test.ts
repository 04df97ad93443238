import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import {
  build,
  components,
  knativeBinary,
  type Component,
} from '../../../../scripts/cluster/components/build.ts';
import { isPart } from '../../../../scripts/cluster/components/content-hash.ts';

interface Fixture {
  component: Component;
  cache: string;
  /** How often the component was built. */
  builds: () => Promise<number>;
}

/** A component whose build copies its one source file, and writes a line elsewhere so that builds can be counted. */
async function fixture(t: ExecutionContext, script = 'cp main.go "$0/tool"'): Promise<Fixture> {
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-build-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [source, cache, count] = [
    join(folder, 'source'),
    join(folder, 'cache'),
    join(folder, 'count'),
  ];
  await mkdir(source);
  await writeFile(join(source, 'main.go'), 'one');
  await writeFile(count, '');
  const component: Component = {
    source,
    binaries: ['tool', 'other-name'],
    links: { 'other-name': 'tool' },
    fetch: [],
    build: (out) => [{ program: 'sh', args: ['-c', `echo built >> '${count}'; ${script}`, out] }],
  };
  const builds = async (): Promise<number> =>
    (await readFile(count, 'utf8')).split('\n').length - 1;
  return { component, cache, builds };
}

const unfinished = async (cache: string): Promise<string[]> =>
  (await readdir(cache)).filter((entry) => entry.endsWith('.unfinished'));

test('a build gives a folder with its binaries and their other names', async (t) => {
  const { component, cache } = await fixture(t);
  const folder = await build('tool', component, { cache });
  t.is(await readFile(join(folder, 'other-name'), 'utf8'), 'one');
  t.deepEqual(await unfinished(cache), []);
});

test('what was built is not built again, by callers at the same time neither', async (t) => {
  const { component, cache, builds } = await fixture(t);
  const folders = await Promise.all([1, 2, 3].map(() => build('tool', component, { cache })));
  t.is(new Set([...folders, await build('tool', component, { cache })]).size, 1);
  t.is(await builds(), 1);
});

test('another content is another build, another test is not, and the last two builds are kept', async (t) => {
  const { component, cache, builds } = await fixture(t);
  const first = await build('tool', component, { cache });
  await writeFile(join(component.source, 'main_test.go'), 'a test');
  t.is(await build('tool', component, { cache }), first);

  await writeFile(join(component.source, 'main.go'), 'two');
  const second = await build('tool', component, { cache });
  await writeFile(join(component.source, 'main.go'), 'three');
  const third = await build('tool', component, { cache });
  t.is(await builds(), 3);
  const kept = (await readdir(cache)).filter((entry) => entry.startsWith('tool-'));
  t.deepEqual(kept.sort(), [basename(second), basename(third)].sort());
});

test('a component depends on its own commands', (t) => {
  t.true(isPart(components.etcd, 'keep/keep.go'));
  t.true(isPart(components['kube-router'], 'kube-router/firewall.go'));
  t.false(isPart(components['kube-router'], 'coredns/main.go'));
});

test('a build that fails says which, why and where to read on, and leaves nothing that looks built', async (t) => {
  const { component, cache } = await fixture(t, 'echo "main.go:3: no such thing" >&2; exit 7');
  const error = await t.throwsAsync(build('tool', component, { cache }));
  t.regex(
    error.message,
    /^Building tool failed: .*ended with 7\n {2}main\.go:3: no such thing\n.*tool\.log$/,
  );
  t.is(await readFile(join(cache, 'tool.log'), 'utf8'), 'main.go:3: no such thing\n');
  t.deepEqual(
    (await readdir(cache)).filter((entry) => /^tool-[0-9a-f]+$/.test(entry)),
    [],
  );
});

test('a failed build does not stop the one that waits behind it', async (t) => {
  const [bad, good] = [await fixture(t, 'exit 1'), await fixture(t)];
  const failing = build('bad', bad.component, { cache: bad.cache });
  const waiting = build('good', good.component, { cache: good.cache });
  await t.throwsAsync(failing);
  t.true((await stat(join(await waiting, 'tool'))).isFile());
});

test('a build without the binary it promises fails', async (t) => {
  const { component, cache } = await fixture(t, 'true');
  await t.throwsAsync(build('tool', component, { cache }), { message: /tool was not built/ });
});

test('progress counts the packages that the Go compiler names', async (t) => {
  const names = 'printf "%s\\n" example.org/a/b runtime "# a remark" >&2';
  const { component, cache } = await fixture(t, `${names}; cp main.go "$0/tool"`);
  const lines: string[] = [];
  await build('tool', component, { cache, onProgress: (line) => lines.push(line) });
  t.is(lines.at(-1), 'compiled 2 packages');
});

test('an aborted build rejects', async (t) => {
  const { component, cache } = await fixture(t, 'exec sleep 30');
  const abort = new AbortController();
  const building = build('tool', component, {
    cache,
    signal: abort.signal,
    onProgress: (line) => {
      if (line === 'fetching modules') setImmediate(() => abort.abort());
    },
  });
  await t.throwsAsync(building);
});

test('an image reference of a Knative manifest names its binary', (t) => {
  const of = (reference: string) => {
    const binary = knativeBinary(reference);
    return binary && `${binary.component}: ${binary.path}`;
  };
  t.is(of('ko://knative.dev/eventing/cmd/mtping'), 'knative: eventing/mtping');
  t.is(of('ko://knative.dev/serving/cmd/controller'), 'knative: serving/controller');
  const broker = 'ko://knative.dev/eventing-rabbitmq/cmd/controller/broker';
  t.is(of(broker), 'rabbitmq-broker: controller');
  t.is(knativeBinary('ko://knative.dev/eventing/cmd/jobsink'), undefined);
  t.is(knativeBinary('ko://knative.dev/eventing-rabbitmq/cmd/webhook/broker'), undefined);
  t.is(knativeBinary('gcr.io/elsewhere/controller'), undefined);
});

test('the commands of other modules that are built are those that go.mod keeps', async (t) => {
  const { knative, 'rabbitmq-broker': broker } = components;
  const kept = (await readFile(join(knative.source, 'go.mod'), 'utf8')).match(
    /knative\.dev\/[\w-]+\/cmd\/\S+/g,
  );
  const commands = [...knative.build('out'), ...broker.build('out')];
  const built = commands.flatMap(({ args }) =>
    args.filter((arg) => arg.startsWith('knative.dev/')),
  );
  t.deepEqual(built.sort(), [...(kept ?? [])].sort());
});
