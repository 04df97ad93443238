/** Whatever Selvedge says of itself has a line in docs/runbooks.md, and every line is about something it says. */
import { glob, readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { networkStatus } from '../../functions/lib/network/status.ts';

const root = new URL('../../', import.meta.url);

/** What stands first in the lines of the table under a heading, without its quotes. */
async function linesUnder(heading: string): Promise<string[]> {
  const page = await readFile(new URL('docs/runbooks.md', root), 'utf8');
  const section = page.split(/^## /m).find((one) => one.startsWith(heading)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, name = '']) => name);
}

async function sources(pattern: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const file of glob(pattern, { cwd: root.pathname }))
    texts.push(await readFile(new URL(file, root), 'utf8'));
  return texts;
}

const all = (pattern: RegExp, texts: readonly string[]): string[] =>
  texts.flatMap((text) => [...text.matchAll(pattern)].map(([, found = '']) => found));

/** Reasons of conditions and of Events, wherever they are written. */
async function reasons(): Promise<string[]> {
  const texts = await sources('functions/**/*.ts');
  const word = /'([A-Z][A-Za-z]+)'/g;
  return [
    ...all(/reason: '([A-Z][A-Za-z]+)'/g, texts),
    ...all(word, all(/reasons: Record<[^=]*= \{([^}]*)\}/g, texts)),
    // `condition(…, type, holds, reason, message)`
    ...all(word, all(/\bcondition\(([^;]*)\);/g, texts)).filter((one) => one !== 'Announced'),
    ...networkStatus.shape.phase.unwrap().options,
  ];
}

async function metrics(): Promise<string[]> {
  const functions = all(/name: '(selvedge_[a-z_]+)'/g, await sources('functions/**/*.ts'));
  const volumes = all(/gauge\('([a-z_]+)'/g, await sources('glusterfs/**/*.ts'));
  return [...functions, ...volumes.map((name) => `selvedge_volume_${name}`)];
}

/** Nothing is said without a line, and no line is about what is not said. */
function match(t: ExecutionContext, lines: readonly string[], said: readonly string[]): void {
  t.true(said.length > 3);
  t.deepEqual(
    [...new Set(said)].filter((one) => !lines.includes(one)),
    [],
    'docs/runbooks.md has no line for these',
  );
  t.deepEqual(
    lines.filter((one) => !said.includes(one)),
    [],
    'nothing says these any more',
  );
  t.is(new Set(lines).size, lines.length, 'a line is there twice');
}

test('every reason of a condition or an Event has a line, and the reverse', async (t) => {
  const lines = [...(await linesUnder('Conditions')), ...(await linesUnder('Events'))];
  match(t, lines, await reasons());
});

test('every check of failover has a line, and the reverse', async (t) => {
  const lines = new Set(await linesUnder('Checks'));
  const texts = await sources('functions/failover/checks/*.ts');
  match(t, [...lines], all(/^ {2}name: '([a-z-]+)'/gm, texts));
});

test('every metric has a line, and the reverse', async (t) => {
  match(t, await linesUnder('Metrics'), await metrics());
});
