/** The channel participation API of an orderer (REST over mutual TLS on its admin port). */
import { request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { NotFound, SelvedgeError, Unavailable, Unprocessable } from '../errors.ts';

/** Milliseconds; a join answers once the orderer has opened the ledger. */
const timeout = 15_000;

const channelStatus = z.object({
  name: z.string(),
  /** Whether the orderer takes part now, is catching up, or cannot. */
  status: z.enum(['active', 'inactive', 'onboarding', 'failed']),
  consensusRelation: z.enum(['consenter', 'follower', 'config-tracker', 'other']),
  /** The number of blocks it holds. */
  height: z.number(),
});
export type ChannelStatus = z.infer<typeof channelStatus>;

const channelList = z.object({ channels: z.array(z.object({ name: z.string() })).nullable() });

export interface ParticipationOptions {
  /** `host:port` of the orderer's admin listener. */
  address: string;
  /** The name in the orderer's TLS certificate, where it is not the host dialled. */
  hostname?: string;
  /** The CA of the orderer's TLS certificate, and a client pair its admin port accepts; PEM. */
  tlsRoot: string;
  certificate: string;
  privateKey: string;
}

/** Every call throws Unavailable when the orderer does not answer, Unprocessable when it refuses. */
export interface Participation {
  /** The channels the orderer has joined. */
  list(): Promise<string[]>;
  info(channel: string): Promise<ChannelStatus | undefined>;
  /** Joins by a genesis or configuration block. Joined before: its status, as `info` gives it. */
  join(channel: string, block: Uint8Array): Promise<ChannelStatus>;
  /** Leaves a channel and deletes its ledger there. Not joined: fine. */
  remove(channel: string): Promise<void>;
}

export function connectParticipation(options: ParticipationOptions): Participation {
  return new RestParticipation(options);
}

const base = '/participation/v1/channels';

interface Answer {
  status: number;
  body: string;
}

class RestParticipation implements Participation {
  readonly #options: ParticipationOptions;

  constructor(options: ParticipationOptions) {
    this.#options = options;
  }

  async list(): Promise<string[]> {
    const { channels } = channelList.parse(JSON.parse(await this.#get(base)));
    return (channels ?? []).map(({ name }) => name);
  }

  async info(channel: string): Promise<ChannelStatus | undefined> {
    try {
      return channelStatus.parse(JSON.parse(await this.#get(pathOf(channel))));
    } catch (error) {
      if (error instanceof NotFound) return undefined;
      throw error;
    }
  }

  async join(channel: string, block: Uint8Array): Promise<ChannelStatus> {
    const joined = await this.info(channel);
    if (joined) return joined;
    const form = new FormData();
    form.append('config-block', new Blob([Buffer.from(block)]), 'config.block');
    const encoded = new Response(form);
    const answer = await this.#call(
      'POST',
      base,
      { 'content-type': encoded.headers.get('content-type') ?? '' },
      Buffer.from(await encoded.arrayBuffer()),
    );
    // Somebody else was quicker since we looked.
    const theirs = answer.status === 405 ? await this.info(channel) : undefined;
    return theirs ?? channelStatus.parse(JSON.parse(this.#accepted(answer)));
  }

  async remove(channel: string): Promise<void> {
    const answer = await this.#call('DELETE', pathOf(channel));
    if (answer.status !== 404) this.#accepted(answer);
  }

  async #get(path: string): Promise<string> {
    return this.#accepted(await this.#call('GET', path));
  }

  #accepted({ status, body }: Answer): string {
    if (status >= 200 && status < 300) return body;
    const detail = `the orderer ${this.#options.address} answered ${status}: ${body.trim()}`;
    if (status === 404) throw new NotFound(detail);
    if (status >= 500 || status === 409) throw new Unavailable(detail);
    throw new Unprocessable(detail);
  }

  async #call(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: Buffer,
  ): Promise<Answer> {
    const { address, hostname, tlsRoot, certificate, privateKey } = this.#options;
    const url = new URL(path, `https://${address}`);
    try {
      return await exchange(
        url,
        {
          method,
          headers,
          ca: tlsRoot,
          cert: certificate,
          key: privateKey,
          servername: hostname ?? url.hostname,
          // Calls are rare: no connection is kept, so an orderer that moved is dialled anew.
          agent: false,
          signal: AbortSignal.timeout(timeout),
        },
        body,
      );
    } catch (cause) {
      if (cause instanceof SelvedgeError) throw cause;
      throw new Unavailable(`the orderer ${address} does not answer`, { cause });
    }
  }
}

function pathOf(channel: string): string {
  return `${base}/${encodeURIComponent(channel)}`;
}

async function exchange(url: URL, options: RequestOptions, body?: Buffer): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, options, resolve).on('error', reject).end(body);
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}
