/** Requests that are no HTTP, or end too early: no route sees them as a whole. */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { BadRequest, problemType, TooLarge, toProblem, TooSlow } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { HeadersTooLarge } from './problem.ts';

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * Answers them with a problem document, as all that is refused, in place of Node's answer without a
 * body. An answer that is due to a request before, or is under way, is broken off: what came after
 * says nothing about what became of that.
 */
export function answerBroken(server: Server, log: Logger): void {
  const last = new WeakMap<Duplex, Exchange>();
  const keep = (request: IncomingMessage, response: ServerResponse): void => {
    last.set(request.socket, { request, response });
  };
  server.on('request', keep).on('checkContinue', keep);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || isOwedMore(last.get(socket))) {
      socket.destroy();
      return;
    }
    const id = randomUUID();
    const problem = { ...toProblem(refusal(error)), instance: `urn:request:${id}` };
    // Not the error itself: it has the bytes that came, a token perhaps.
    log.info({ code: error.code, status: problem.status, requestId: id }, 'refused');
    const body = JSON.stringify(problem);
    const head = [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Connection: close',
      `X-Request-Id: ${id}`,
      `Content-Type: ${problemType}; charset=utf-8`,
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
  });
}

function isOwedMore(exchange: Exchange | undefined): boolean {
  if (!exchange || exchange.response.writableFinished) return false;
  return exchange.request.complete || exchange.response.headersSent;
}

/** By the codes of Node's parser, which are those of llhttp, and of its time limits. */
function refusal({ code }: NodeJS.ErrnoException) {
  if (code === 'HPE_HEADER_OVERFLOW') return new HeadersTooLarge('the headers are too large');
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') {
    return new TooLarge('the extensions of a chunk are too large');
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new TooSlow('the headers did not come in time');
  return new BadRequest('the request is no HTTP, or its body is not as long as it says');
}
