/** Whether an address answers at all, asked by a connection of its own. */
import { lookup } from 'node:dns/promises';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * `answers`: a program is there. `refuses`: a machine is there, the program is not, or its name is
 * not known now. `silent`: nothing came back.
 */
export type Answer = 'answers' | 'refuses' | 'silent';

/** @param address `https://host:port`, where TLS is spoken, or `http://host:port` */
export type Probe = (address: string) => Promise<Answer>;

/** Milliseconds for one try. A second one is made, for a packet may be lost and we may be slow. */
const patience = 300;

/**
 * Asks by a connection and, with TLS, by the first words of its handshake: the kernel takes a
 * connection also for a program that stands still. Whom the certificate names is not asked, since
 * nothing is said. Finding the name takes as long as it takes: it is not the address that is slow.
 */
export const probe: Probe = async (address) => {
  const { protocol, hostname, port } = new URL(address);
  const secure = protocol === 'https:';
  const place = { host: hostname, port: Number(port || (secure ? 443 : 80)) };
  try {
    place.host = (await lookup(hostname)).address;
  } catch {
    return 'refuses';
  }
  const dial = (): Socket =>
    secure
      ? connectTls({ ...place, ...nameOf(hostname), rejectUnauthorized: false })
      : connectPlain(place);
  const first = await greeted(dial(), secure);
  return first === 'silent' ? greeted(dial(), secure) : first;
};

/** The name to ask for: an address is none. */
function nameOf(hostname: string): { servername?: string } {
  return isIP(hostname) === 0 ? { servername: hostname } : {};
}

function greeted(socket: Socket, secure: boolean): Promise<Answer> {
  return new Promise((resolve) => {
    let connected = false;
    const end = (answer: Answer): void => {
      clearTimeout(late);
      socket.destroy();
      resolve(answer);
    };
    const late = setTimeout(() => {
      // What came while this process was busy is seen before it is called late.
      setImmediate(() => setImmediate(() => end('silent')));
    }, patience);
    socket.once('connect', () => (connected = true));
    socket.once(secure ? 'secureConnect' : 'connect', () => end('answers'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (connected) end('answers');
      else end(error.code === 'ECONNREFUSED' ? 'refuses' : 'silent');
    });
  });
}
