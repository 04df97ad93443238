/** A page with a part that is measured: the text around it stays. Pure. */

const marks = { begin: '<!-- measured: begin -->', end: '<!-- measured: end -->' };

/** A page with what is between its marks replaced; at its end where it has none. */
export function between(page: string, text: string): string {
  const [from, to] = [page.indexOf(marks.begin), page.indexOf(marks.end)];
  const block = `${marks.begin}\n\n${text}\n${marks.end}`;
  if (from < 0 || to < from) return `${page.trimEnd()}\n\n${block}\n`;
  return `${page.slice(0, from)}${block}${page.slice(to + marks.end.length)}`;
}

/** A table in Markdown. */
export function markdownTable(heads: readonly string[], rows: readonly string[][]): string {
  const lines = [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `${lines.join('\n')}\n`;
}
