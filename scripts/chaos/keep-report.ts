/** The report on disk: the page, and beside it the picture and the rounds that both are made from. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { picture } from './picture.ts';
import { between, strips, table } from './report.ts';
import type { Round } from './round.ts';

/** One run's rounds, by the time it began; a later run of a fault takes the place of an earlier. */
interface Kept {
  run: string;
  rounds: readonly Round[];
}

const run = new Date().toISOString();

/** Adds rounds, and writes the page anew. */
export async function keepReport(page: string, rounds: readonly Round[]): Promise<void> {
  const [data, image] = ['json', 'svg'].map((ending) => page.replace(/\.md$/, `.${ending}`));
  if (data === undefined || image === undefined || data === page)
    throw new Error(`the report must be a Markdown file: ${page}`);
  const kept = merge(await keptIn(data), { run, rounds });
  const all = kept.flatMap((one) => one.rounds);
  const text = await readFile(page, 'utf8').catch(() => '# Failover, measured\n');
  await writeFile(data, `${JSON.stringify(kept)}\n`);
  await writeFile(image, picture(strips(all)));
  const shown = `${table(all)}\n![When writes and reads went through](${basename(image)})\n`;
  await writeFile(page, between(text, shown));
}

/** Pure. */
export function merge(kept: readonly Kept[], added: Kept): Kept[] {
  const anew = new Set(added.rounds.map(({ fault }) => fault));
  const others = kept
    .filter(({ run: of }) => of !== added.run)
    .map((one) => ({ ...one, rounds: one.rounds.filter(({ fault }) => !anew.has(fault)) }));
  const own = kept.find(({ run: of }) => of === added.run)?.rounds ?? [];
  return [
    ...others.filter(({ rounds }) => rounds.length > 0),
    { run: added.run, rounds: [...own, ...added.rounds] },
  ];
}

async function keptIn(path: string): Promise<Kept[]> {
  const text = await readFile(path, 'utf8').catch(() => '[]');
  return JSON.parse(text) as Kept[];
}
