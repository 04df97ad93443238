/**
 * The addresses (IPv4) of the other ends of established connections, by the text of /proc/PID/net/tcp or tcp6,
 * proc(5): each line has the remote end as hexadecimal words in the machine's order, which is little-endian.
 */
export function remotesOf(table: string): string[] {
  return table.split('\n').flatMap((line) => {
    const [, , remote = '', state] = line.trim().split(/\s+/);
    if (state !== established) return [];
    const [, last] = /([0-9A-F]{8}):[0-9A-F]{4}$/.exec(remote) ?? [];
    if (last === undefined) return [];
    return [[...Buffer.from(last, 'hex')].reverse().join('.')];
  });
}

const established = '01';
