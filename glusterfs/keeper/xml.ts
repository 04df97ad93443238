/**
 * Reads what `gluster --xml` prints. Its elements never hold others of the same name, and what is in
 * them is plain: names, numbers, paths.
 */

/** What is inside each element of this name, in their order. */
export function elements(xml: string, name: string): string[] {
  const found = xml.matchAll(new RegExp(`<${name}(?: [^>]*)?>(.*?)</${name}>`, 'gs'));
  return [...found].map(([, inside = '']) => inside);
}

/** What is inside the first element of this name; empty where there is none. */
export function element(xml: string, name: string): string {
  return (elements(xml, name)[0] ?? '').trim();
}

/** The number in the first element of this name; 0 where there is none, or `-` in it. */
export function count(xml: string, name: string): number {
  return Number.parseInt(element(xml, name)) || 0;
}
