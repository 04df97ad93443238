import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/** What came back, as far as tests look. */
export interface RawAnswer {
  status: number;
  /** By their names in lower case. */
  headers: Map<string, string>;
  body: string;
}

/**
 * Sends bytes as they are, however wrong, and gives what comes back until the other end is done with it.
 *
 * @param last whether it says that no more will come: half a request is then known to be all of it
 */
export async function sendRaw(
  url: string,
  bytes: string,
  { last = true } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await once(socket, 'connect');
  if (last) socket.end(bytes);
  else socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const [name = '', ...value] = line.split(': ');
    return [name.toLowerCase(), value.join(': ')] as const;
  });
  return { status: Number(first.split(' ')[1]), headers: new Map(headers), body };
}
