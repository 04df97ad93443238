import type { RequestHandler } from 'express';
import { Histogram } from 'prom-client';
import type { Logger } from '../lib/log.ts';
import { registry } from '../lib/function/metrics.ts';
import { knownCaller, requestId } from './context.ts';

const seconds = new Histogram({
  name: 'selvedge_http_seconds',
  help: 'Seconds from a request to the end of its answer',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
  registers: [registry],
});

/**
 * One log line and one measurement a request. The line has the route and the user's id; not the
 * path (keys may be personal), the query, headers or bodies.
 */
export function observe(log: Logger): RequestHandler {
  return (request, response, next) => {
    const started = performance.now();
    response.once('close', () => {
      const { method } = request;
      const route = routeOf(request.route);
      // 499: the caller left before the answer was whole.
      const status = response.writableFinished ? response.statusCode : 499;
      const took = (performance.now() - started) / 1000;
      seconds.observe({ method, route, status }, took);
      const network = /^\/v1\/networks\/([a-z0-9-]{1,24})(?=[/?]|$)/.exec(request.originalUrl)?.[1];
      const user = knownCaller(response)?.id;
      const line = { requestId: requestId(response), method, route, network, status, user };
      log[/^\/[a-z]*$/.test(route) ? 'debug' : 'info']({ ...line, seconds: took }, 'answered');
    });
    next();
  };
}

/** The pattern of the route that took the request, as it is read: few values, whatever is asked for. */
function routeOf(route: unknown): string {
  const path = (route as { path?: unknown } | undefined)?.path;
  return typeof path === 'string' ? path.replaceAll('\\', '') : 'none';
}
