import type { KeptLetter } from '../../functions/lib/dead-letter.ts';

const heads = ['ID', 'AGE', 'TYPE', 'SOURCE', 'EVENT', 'NOT TAKEN BY', 'WHY'];

/** Characters of a cell: ids and sources may be as long as their senders like. */
const widest = 64;

/** The letters as lines of a table. */
export function tableOf(letters: readonly KeptLetter[], now: Date): string[] {
  const rows = [heads, ...letters.map((letter) => cellsOf(letter, now).map(printable))];
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function cellsOf({ id, arrived, event, subscriber, ...why }: KeptLetter, now: Date): string[] {
  const { type, source, id: eventId } = event;
  return [id, ageOf(arrived, now), type, source, eventId, subscriber ?? '-', reasonOf(why)];
}

function reasonOf({ code, answer, dataLeftOut }: Partial<KeptLetter>): string {
  const told = [code ?? 'no answer', answer].filter((part) => part !== undefined).join(': ');
  return dataLeftOut === undefined ? told : `(kept without its data) ${told}`;
}

/** What senders and subscribers wrote moves no cursor and sets no colour. */
function printable(cell: string): string {
  const plain = cell.replace(/\p{C}+/gu, ' ');
  return plain.length > widest ? `${plain.slice(0, widest - 1)}…` : plain;
}

/** In the largest unit that fits, as kubectl says it: `5s`, `12m`, `3h`, `9d`. */
export function ageOf(since: string | undefined, now: Date): string {
  if (since === undefined) return '-';
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const;
  const [unit, size] = units.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.floor(seconds / size)}${unit}`;
}
