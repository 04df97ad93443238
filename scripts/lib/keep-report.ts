/** A report on disk: the page, and beside it the picture and the rounds that both are made from. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { between } from './report.ts';

/** One run's rounds, by the time it began; a later run of the same takes the place of an earlier. */
interface Kept<R> {
  run: string;
  rounds: readonly R[];
}

/** How rounds are shown. */
export interface Look<R> {
  /** Of a page that is not there yet. */
  title: string;
  /** What a round is one of. */
  of: (round: R) => string;
  table: (rounds: readonly R[]) => string;
  /** SVG, and what it shows in words. */
  picture: (rounds: readonly R[]) => string;
  shows: string;
}

const run = new Date().toISOString();

/**
 * Adds rounds, and writes the page anew.
 *
 * @param page a file in Markdown
 * @throws Error when it is called otherwise
 */
export async function keepReport<R>(page: string, rounds: readonly R[], look: Look<R>) {
  const [data, image] = ['json', 'svg'].map((ending) => page.replace(/\.md$/, `.${ending}`));
  if (data === undefined || image === undefined || data === page)
    throw new Error(`the report must be a Markdown file: ${page}`);
  const kept = merge(await keptIn<R>(data), { run, rounds }, look.of);
  const all = kept.flatMap((one) => one.rounds);
  const text = await readFile(page, 'utf8').catch(() => `# ${look.title}\n`);
  await writeFile(data, `${JSON.stringify(kept)}\n`);
  await writeFile(image, look.picture(all));
  const shown = `${look.table(all)}\n![${look.shows}](${basename(image)})\n`;
  await writeFile(page, between(text, shown));
}

/** Pure. */
export function merge<R>(
  kept: readonly Kept<R>[],
  added: Kept<R>,
  of: (round: R) => string,
): Kept<R>[] {
  const anew = new Set(added.rounds.map(of));
  const others = kept
    .filter(({ run: before }) => before !== added.run)
    .map((one) => ({ ...one, rounds: one.rounds.filter((round) => !anew.has(of(round))) }));
  const own = kept.find(({ run: before }) => before === added.run)?.rounds ?? [];
  return [
    ...others.filter(({ rounds }) => rounds.length > 0),
    { run: added.run, rounds: [...own, ...added.rounds] },
  ];
}

async function keptIn<R>(path: string): Promise<Kept<R>[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Kept<R>[];
}
