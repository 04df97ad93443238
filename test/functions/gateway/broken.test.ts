import { connect } from 'node:net';
import test from 'ava';
import { sendRaw } from '../../fakes/raw-http.ts';
import { startGateway } from './gateway.ts';

const put = 'PUT /v1/networks/supply/data/k HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice\r\n';

const broken: Record<string, [bytes: string, status: number, kind: string]> = {
  'what is no HTTP': ['hello\r\n\r\n', 400, 'bad-request'],
  'a length that is no number': [`${put}Content-Length: 1x\r\n\r\na`, 400, 'bad-request'],
  'a negative length': [`${put}Content-Length: -1\r\n\r\na`, 400, 'bad-request'],
  'two lengths': [`${put}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`, 400, 'bad-request'],
  'a length beside chunks': [
    `${put}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ...([400, 'bad-request'] as const),
  ],
  'a chunk of no size': [`${put}Transfer-Encoding: chunked\r\n\r\nx\r\n`, 400, 'bad-request'],
  'a body that ends early': [`${put}Content-Length: 9\r\n\r\nab`, 400, 'bad-request'],
  'a chunk that ends early': [
    `${put}Transfer-Encoding: chunked\r\n\r\n9\r\nab`,
    ...([400, 'bad-request'] as const),
  ],
  'headers of 20 KiB': [`${put}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
};
for (const [what, [bytes, status, kind]] of Object.entries(broken)) {
  test(`${what} is ${status} with a problem document, and no function has it whole`, async (t) => {
    let whole = 0;
    const { url, lines } = await startGateway(t, (request, response) => {
      request.resume().on('end', () => {
        whole += 1;
        response.end();
      });
    });
    const answer = await sendRaw(url, bytes);
    t.is(answer.status, status);
    t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    t.like(JSON.parse(answer.body), { type: `https://selvedge.dev/problems/${kind}`, status });
    t.is(whole, 0);
    t.notRegex(JSON.stringify(lines()), /rawPacket|alice/);
  });
}

test('an answer that is under way is broken off, and never goes on as another', async (t) => {
  const { url } = await startGateway(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 100 });
    response.write('half of it');
  });
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  socket.write(
    'GET /v1/networks/supply/data/k HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer alice\r\n\r\n',
  );
  let said = '';
  for await (const chunk of socket.setEncoding('utf8') as AsyncIterable<string>) {
    said += chunk;
    if (said.endsWith('half of it')) socket.write('no HTTP\r\n\r\n');
  }
  t.true(said.endsWith('half of it'));
});
