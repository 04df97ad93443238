/** A picture of what was asked: how far each comparison is from its target. Pure. */
import { targetText, times } from './report.ts';
import type { Target } from './row.ts';
import type { Verdict } from './verdict.ts';

const size = { left: 330, width: 420, right: 150, bar: 14, row: 24, top: 54 };
const colours = { met: '#2f7d5b', missed: '#c8402f' };
/** Where the picture ends, in parts of what is asked. */
const most = 2;

/** Of what is asked: 1 is just met, whichever way it is to be; 2 is twice as good. */
export function share({ at, times: asked }: Target, ratio: number): number {
  return at === 'least' ? ratio / asked : asked / ratio;
}

const x = (part: number): number =>
  Math.round((size.left + (Math.min(part, most) / most) * size.width) * 10) / 10;

/** SVG, to be read on light and dark pages. */
export function picture(verdicts: readonly Verdict[]): string {
  const rows = verdicts.flatMap((verdict) => {
    const { target } = verdict.comparison;
    return target ? [{ ...verdict, target }] : [];
  });
  const [width, height] = [
    size.left + size.width + size.right,
    size.top + rows.length * size.row + 10,
  ];
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    `<text x="8" y="16">Ours to the peer, in parts of what is asked: right of the line it is met. Medians; beside each bar the ratio.</text>`,
    ...rows.flatMap((row, index) => bar(row, size.top + index * size.row)),
    `<line x1="${x(1)}" x2="${x(1)}" y1="40" y2="${height - 6}" stroke="#333"/>`,
    `<text x="${x(1)}" y="36" text-anchor="middle" fill="#555">as asked</text>`,
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

function bar({ row, comparison, ratio, met, target }: Verdict & { target: Target }, top: number) {
  const end = x(share(target, ratio));
  const fill = met ? colours.met : colours.missed;
  const middle = top + size.bar - 3;
  return [
    `<text x="8" y="${middle}">${row}: ${comparison.what}</text>`,
    `<rect x="${size.left}" y="${top}" width="${Math.max(0.5, end - size.left).toFixed(1)}" height="${size.bar}" fill="${fill}"/>`,
    `<text x="${size.left + size.width + 8}" y="${middle}">${times(ratio)} (${targetText(target)})</text>`,
  ];
}
