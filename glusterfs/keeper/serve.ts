import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import type { State, Step } from './decide.ts';
import { measure, metrics } from './metrics.ts';

/** Milliseconds without a look after which the keeper counts as stuck: more than its slowest step takes. */
const stuckAfter = 5 * 60_000;

type Look = Pick<State, 'peers' | 'volume' | 'bricks' | 'brickIsFound'>;

/** What is known of this server between two looks. */
export class Health {
  #lookedAt = Date.now();
  #ready = false;
  #told = '';
  #seen = { text: '', since: Date.now() };
  #bricks: State['bricks'] = [];

  /** Keeps a look. */
  saw(state: State): void {
    this.#lookedAt = Date.now();
    const own = this.#bricks.find(({ host }) => host === state.me);
    this.#ready = state.brickBelongs && state.brickIsFound && (own?.online ?? false);
    measure({ ...state, bricks: this.#bricks });
  }

  /** There was nothing to see. */
  missed(): void {
    this.#ready = false;
  }

  /** Whether the step is another than the last one, and so worth a line. */
  tells(step: Step): boolean {
    const text = JSON.stringify(step);
    const isNew = text !== this.#told;
    this.#told = text;
    return isNew;
  }

  /** Seconds for which this has looked as it does. A look that says nothing of bricks changes nothing of them. */
  unchangedFor({ peers, volume, bricks, brickIsFound }: Look): number {
    if (bricks.length > 0 || !volume?.started) this.#bricks = bricks;
    const text = JSON.stringify({ peers, volume, bricks: this.#bricks, brickIsFound });
    if (text !== this.#seen.text) this.#seen = { text, since: Date.now() };
    return (Date.now() - this.#seen.since) / 1000;
  }

  get alive(): boolean {
    return Date.now() - this.#lookedAt < stuckAfter;
  }

  get ready(): boolean {
    return this.alive && this.#ready;
  }
}

/** Serves `/livez`, `/readyz` (clients find this server's brick) and `/metrics`. */
export async function serve(health: Health, port: number): Promise<Server> {
  const probes: Record<string, () => boolean> = {
    '/livez': () => health.alive,
    '/readyz': () => health.ready,
  };
  const server = createServer((request, response) => {
    const probe = probes[request.url ?? ''];
    if (probe) response.writeHead(probe() ? 200 : 503).end();
    else if (request.url === '/metrics') void metrics().then((text) => response.end(text));
    else response.writeHead(404).end();
  });
  server.listen(port);
  await once(server, 'listening');
  return server;
}
