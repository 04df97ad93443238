/** A picture of rounds: for each fault when writes and reads went through, with failover and without. Pure. */
import { kinds, type Kind } from './history.ts';
import type { Round } from './round.ts';
import { seconds } from './timing.ts';

/** A strip of the picture. */
export interface Strip {
  label: string;
  round: Round;
}

const size = { left: 230, width: 560, strip: 9, between: 3, row: 34, top: 46 };
/** Milliseconds shown before the strike, and after. */
const shown = { from: -5_000, to: 150_000 };
const colours = { put: '#2f7d5b', get: '#7fb8a0', gap: '#c8402f', healed: '#333' };
const said: Record<Kind, string> = { put: 'writes', get: 'reads' };

const x = (ms: number): number => {
  const inside = Math.min(Math.max(ms, shown.from), shown.to);
  const share = (inside - shown.from) / (shown.to - shown.from);
  return Math.round((size.left + share * size.width) * 10) / 10;
};

/** SVG, to be read on light and dark pages. */
export function picture(strips: readonly Strip[]): string {
  const height = size.top + strips.length * size.row + 10;
  const seconds = [0, 30, 60, 90, 120, 150];
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.left + size.width + 20} ${height}" role="img" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="8" y="16">The longest round of each fault. Green: it went through; red: for so long it did not; dashed: it was healed. Above writes, below reads.</text>`,
    ...seconds.map((s) => axis(s, height)),
    ...strips.flatMap(({ label, round }, index) => row(label, round, size.top + index * size.row)),
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function axis(seconds: number, height: number): string {
  const at = x(seconds * 1000);
  return (
    `<line x1="${at}" x2="${at}" y1="36" y2="${height - 8}" stroke="#ccc"/>` +
    `<text x="${at}" y="32" text-anchor="middle" fill="#555">${seconds} s</text>`
  );
}

function row(label: string, round: Round, top: number): string[] {
  const { healed, end } = round;
  return [
    `<text x="8" y="${top + 14}">${label}</text>`,
    ...kinds.flatMap((kind, index) => {
      const y = top + index * (size.strip + size.between);
      const bar = (from: number, to: number, fill: string, title: string): string =>
        `<rect x="${x(from)}" y="${y}" width="${Math.max(0.5, x(to) - x(from)).toFixed(1)}" height="${size.strip}" fill="${fill}"><title>${title}</title></rect>`;
      return [
        bar(shown.from, end, colours[kind], said[kind]),
        ...round.calls[kind].gaps.map(({ from, to }) =>
          bar(from, to, colours.gap, `no ${said[kind]} for ${seconds(to - from)}`),
        ),
      ];
    }),
    ...(healed === undefined || healed > shown.to
      ? []
      : [
          `<line x1="${x(healed)}" x2="${x(healed)}" y1="${top - 2}" y2="${top + 23}" stroke="${colours.healed}" stroke-dasharray="2"><title>healed</title></line>`,
        ]),
  ];
}
