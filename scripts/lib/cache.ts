import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * The folder of what Selvedge can make again, by the XDG base directory specification: a base folder that is
 * empty or relative counts as not set, and a home that is not set is the one of the user database.
 */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): string {
  const base = env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(base) ? base : join(home, '.cache'), 'selvedge');
}
