/** What runs on the client's machine: it makes a Broker, sends to it and subscribes at it. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

import { RabbitMQ } from '../../../rabbitmq/keeper/rabbitmq.ts';

const [command = '', ...args] = process.argv.slice(2);

const commands: Record<string, (...args: string[]) => Promise<void> | void> = {
  /** An exchange that looks at attributes, and a quorum queue for the events with one of them. */
  async declare(member = '') {
    await manage(member, 'PUT', 'exchanges/%2F/broker', { type: 'headers', durable: true });
    const quorum = { durable: true, arguments: { 'x-queue-type': 'quorum' } };
    await manage(member, 'PUT', 'queues/%2F/trigger', quorum);
    const wanted = { arguments: { 'x-match': 'all', wakes: 'test' } };
    await manage(member, 'POST', 'bindings/%2F/e/broker/q/trigger', wanted);
  },

  /** To be run on a member's machine. */
  async members(me = '') {
    const places = { data: '/var/lib/rabbitmq', run: '/run', tls: '', credentials: '' };
    const queues = await new RabbitMQ(me, places).queues();
    console.log(JSON.stringify(queues.get('trigger')));
  },

  subscribe(file = '') {
    createServer((request, response) => {
      void text(request).then(() => {
        appendFileSync(file, `${String(request.headers['ce-id'])}\n`);
        response.writeHead(204).end();
      });
    }).listen(8081);
  },

  async send(file = '', name = '', count = '') {
    for (let n = 0; n < Number(count); n++) {
      const id = `${name}-${n}`;
      if (await accepted(id)) appendFileSync(file, `${id}\n`);
    }
  },
};

async function accepted(id: string): Promise<boolean> {
  const attributes = { specversion: '1.0', type: 'test', source: '/test', id, wakes: 'test' };
  const named = Object.entries(attributes).map(([key, value]) => [`ce-${key}`, value] as const);
  const headers = { 'content-type': 'application/json', ...Object.fromEntries(named) };
  const signal = AbortSignal.timeout(20_000);
  const sent = { method: 'POST', headers, body: '{}', signal };
  const answer = await fetch('http://127.0.0.1:8080/', sent).catch(() => undefined);
  return answer?.status === 202;
}

async function manage(member: string, method: string, path: string, body?: object) {
  const authorization = `Basic ${Buffer.from('knative:secret').toString('base64')}`;
  const response = await fetch(`https://${member}:15671/api/${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const said = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${said}`);
  return said === '' ? undefined : (JSON.parse(said) as unknown);
}

await commands[command]?.(...args);
