import {
  IsomorphicFetchHttpLibrary,
  KubeConfig,
  RequestContext,
  type HttpMethod,
  type ResponseContext,
} from '@kubernetes/client-node';
import {
  BadRequest,
  Conflict,
  Forbidden,
  Gone,
  NotFound,
  type SelvedgeError,
  Unavailable,
  Unprocessable,
} from '../errors.ts';

/** One request to the API server. */
export interface Call {
  method: HttpMethod;
  /** From the root of the API server, e.g. `/api/v1/pods`. */
  path: string;
  query?: Record<string, string | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  contentType?: string;
  /** What is asked for; plain JSON when left out. */
  accept?: string;
}

/** By `$KUBECONFIG`, or else by the service account of the pod. */
export function loadConfig(): KubeConfig {
  const config = new KubeConfig();
  if (process.env['KUBECONFIG']) config.loadFromDefault();
  else config.loadFromCluster();
  return config;
}

/**
 * Plain HTTP under the SDK's configuration: its typed serializers drop fields they do not know,
 * which server-side apply would read as "remove". Statuses from 300 up and failures of the network
 * become errors of errors.ts.
 */
export class KubernetesHttp {
  readonly #config: KubeConfig;
  readonly #timeoutMs: number;
  readonly #http = new IsomorphicFetchHttpLibrary();
  #dispatcher: ReturnType<RequestContext['getDispatcher']>;

  constructor(config: KubeConfig, timeoutMs: number) {
    this.#config = config;
    this.#timeoutMs = timeoutMs;
  }

  /** The answer, parsed as JSON. */
  async json<T>(call: Call): Promise<T> {
    const response = await this.#send(call, AbortSignal.timeout(this.#timeoutMs));
    try {
      return JSON.parse(await response.body.text()) as T;
    } catch (cause) {
      throw new Unavailable('the Kubernetes API server broke off its answer', { cause });
    }
  }

  /** Only done: what is answered is of no interest, as of a Service behind the API server's proxy. */
  async done(call: Call): Promise<void> {
    const response = await this.#send(call, AbortSignal.timeout(this.#timeoutMs));
    await response.body.text().catch(() => undefined);
  }

  /** The lines of the answer, parsed as JSON, as they come (a watch). */
  async *lines<T>(call: Call, signal: AbortSignal): AsyncIterable<T> {
    const response = await this.#send(call, signal);
    try {
      for await (const line of lines(response.body.stream())) yield JSON.parse(line) as T;
    } catch (cause) {
      throw new Unavailable('the Kubernetes API server broke off its answer', { cause });
    }
  }

  async #send(call: Call, signal: AbortSignal): Promise<ResponseContext> {
    let response: ResponseContext;
    try {
      const request = this.#request(call);
      request.setSignal(signal);
      await this.#authenticate(request);
      response = await this.#http.send(request).toPromise();
    } catch (cause) {
      throw new Unavailable('the Kubernetes API server cannot be reached', { cause });
    }
    if (response.httpStatusCode < 300) return response;
    const text = await response.body.text().catch(() => '');
    throw toError(response.httpStatusCode, parseStatus(text));
  }

  #request({ method, path, query = {}, body, contentType, accept }: Call): RequestContext {
    const server = this.#config.getCurrentCluster()?.server;
    if (!server) throw new Error('the Kubernetes configuration names no cluster');
    const url = new URL(server.replace(/\/$/, '') + path);
    for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value);
    const request = new RequestContext(url.href, method);
    request.setHeaderParam('Accept', accept ?? 'application/json');
    if (body !== undefined) {
      request.setHeaderParam('Content-Type', contentType ?? 'application/json');
      request.setBody(JSON.stringify(body));
    }
    return request;
  }

  async #authenticate(request: RequestContext): Promise<void> {
    await this.#config.applySecurityAuthentication(request);
    // The SDK makes a connection pool per request; one is enough, and saves a handshake each time.
    this.#dispatcher ??= request.getDispatcher();
    if (this.#dispatcher) request.setDispatcher(this.#dispatcher);
  }
}

/** A Kubernetes `Status`, what the API server answers on failure. */
export interface Status {
  code?: number;
  message?: string;
  reason?: string;
}

function parseStatus(text: string): Status {
  try {
    return JSON.parse(text) as Status;
  } catch {
    return text === '' ? {} : { message: text.slice(0, 500) };
  }
}

/** 401 is not among them: it is about our own token, not the caller's, and passes with a new one. */
const errorOfStatus: Record<number, new (detail: string) => SelvedgeError> = {
  400: BadRequest,
  403: Forbidden,
  404: NotFound,
  405: BadRequest,
  409: Conflict,
  410: Gone,
  415: BadRequest,
  422: Unprocessable,
};

/** The error an HTTP status (and the server's words) stand for. */
export function toError(code: number, status: Status): SelvedgeError {
  const Known = errorOfStatus[code] ?? Unavailable;
  return new Known(`Kubernetes: ${status.message ?? `HTTP status ${code}`}`);
}

async function* lines(stream: ReadableStream<Uint8Array> | null): AsyncIterable<string> {
  if (!stream) return;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) if (part) yield part;
  }
  if (rest) yield rest;
}
