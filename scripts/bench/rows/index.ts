/** Every row there is, in the order in which they are listed. */
import type { Row } from '../row.ts';
import { bulk } from './bulk.ts';
import { cipher } from './cipher.ts';
import { hot } from './hot.ts';
import { lonely } from './lonely.ts';
import { objects } from './objects.ts';
import { puts } from './puts.ts';

export const rows: readonly Row[] = [puts, bulk, lonely, objects, hot, cipher];

/** @throws Error that names those there are */
export function rowNamed(name: string): Row {
  const found = rows.find((row) => row.name === name);
  if (found) return found;
  throw new Error(`no row is called ${name}; there are: ${rows.map((one) => one.name).join(', ')}`);
}
