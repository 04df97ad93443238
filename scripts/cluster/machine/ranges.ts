/** The addresses that the cluster takes for itself, held against those that the machine has in use. */
import { isIPv4 } from 'node:net';

import { attempt } from '../../lib/shell.ts';
import { bridge, podCidr, serviceCidr } from '../settings.ts';

/** What `ip -json route` tells of a route. */
interface Route {
  /** `10.90.1.0/24`, `10.1.2.3`, or `default`. */
  dst: string;
  dev?: string;
}

/** Of nodes, pods and Services. */
const wanted = [`${bridge.address}/${bridge.prefix}`, podCidr, serviceCidr];

/** What of the machine lies where the cluster would be: `10.90.0.0/16 (podman0)`. */
export async function takenRanges(): Promise<string[]> {
  const printed = await attempt('ip', ['-json', '-4', 'route', 'show', 'table', 'all']);
  return taken(JSON.parse(printed ?? '[]') as Route[], wanted);
}

/** The routes that lead into one of the ranges, by way of something other than our own bridge. */
export function taken(routes: readonly Route[], ranges: readonly string[]): string[] {
  const found = routes
    .filter(({ dev }) => dev !== bridge.name)
    .filter(({ dst }) => ranges.some((range) => overlap(dst, range)))
    .map(({ dst, dev = 'no device' }) => `${dst} (${dev})`);
  return [...new Set(found)];
}

/** Whether two ranges of IPv4 addresses (RFC 4632) have an address in common. */
function overlap(one: string, other: string): boolean {
  const [first, second] = [parse(one), parse(other)];
  if (!first || !second) return false;
  const bits = Math.min(first.bits, second.bits);
  return first.address >>> (32 - bits) === second.address >>> (32 - bits);
}

/** `default` is none: it leads everywhere, and gives way to every other. */
function parse(range: string): { address: number; bits: number } | undefined {
  const [address = '', bits = '32'] = range.split('/');
  if (!isIPv4(address) || Number(bits) === 0) return undefined;
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  return { address: number >>> 0, bits: Number(bits) };
}
