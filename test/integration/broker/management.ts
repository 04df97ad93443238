/** RabbitMQ's management API, as far as exchanges and queues are made by it: it takes note, and makes none. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

interface Binding {
  arguments: Record<string, string>;
  properties_key: string;
}

export class Management {
  /** All that was asked for, with what was said of it: `PUT queues/NAME`. */
  readonly asked = new Map<string, unknown>();
  /** By exchange and queue. */
  readonly #bindings = new Map<string, Binding[]>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      void text(request).then((body) => {
        const { pathname } = new URL(request.url ?? '', this.url);
        const path = pathname.replace('/api/', '').replace('/%2F', '');
        const said: unknown = body === '' ? undefined : JSON.parse(body);
        this.asked.set(`${request.method} ${decodeURIComponent(path)}`, said);
        const answer = this.#answer(`${request.method}`, path, said);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<Management> {
    const management = new Management();
    management.#server.listen(0, '127.0.0.1');
    await once(management.#server, 'listening');
    return management;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What the queues that are bound ask for, each once. */
  get wanted(): Record<string, string>[] {
    return [...this.#bindings.values()].flat().map((one) => one.arguments);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer(method: string, path: string, said: unknown): unknown {
    const [, of = '', key] = /^bindings\/(e\/[^/]+\/q\/[^/]+)(?:\/(.+))?$/.exec(path) ?? [];
    const known = this.#bindings.get(of) ?? [];
    if (method === 'POST') {
      const asked = said as Binding;
      const added = { ...asked, properties_key: JSON.stringify(asked.arguments) };
      const others = known.filter((one) => one.properties_key !== added.properties_key);
      this.#bindings.set(of, [...others, added]);
    }
    if (method === 'DELETE' && key !== undefined)
      this.#bindings.set(
        of,
        known.filter((one) => one.properties_key !== decodeURIComponent(key)),
      );
    return method === 'GET' ? known : {};
  }
}
