import { Router, type Express, type RequestHandler } from 'express';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { MethodNotAllowed } from '../problem.ts';

/** The methods that the API uses. A `GET` answers `HEAD` as well, where there is no route for that. */
export type Method = 'get' | 'head' | 'post' | 'put' | 'delete';

/** One route of the API: what it is for its callers, beside what answers it. */
export interface Route {
  method: Method;
  /** As OpenAPI writes it: `/v1/networks/{network}`. */
  path: string;
  operation: ZodOpenApiOperationObject;
  /** In their order, as express runs them. */
  handlers: RequestHandler[];
}

/**
 * Lets an application answer the routes, and refuse every other method on their paths with 405 and
 * the methods that there are (RFC 9110, section 15.5.6).
 */
export function mount(app: Express, routes: readonly Route[]): void {
  const router = Router({ caseSensitive: true });
  for (const { method, path, handlers } of routes) router[method](expressPath(path), ...handlers);
  for (const [path, methods] of methodsOf(routes)) {
    const allow = [...methods].map((method) => method.toUpperCase()).join(', ');
    router.all(expressPath(path), (request, response) => {
      response.set('Allow', allow);
      throw new MethodNotAllowed(`${request.method} is not a method of ${path}; ${allow} are`);
    });
  }
  app.use(router);
}

/** The methods that each path answers. */
function methodsOf(routes: readonly Route[]): Map<string, Set<Method>> {
  const all = new Map<string, Set<Method>>();
  for (const { method, path } of routes) {
    const methods = all.get(path) ?? new Set();
    all.set(path, methods.add(method));
    if (method === 'get') methods.add('head');
  }
  return all;
}

/** `/v1/{name}:verb` as express writes it: `/v1/:name\:verb`. */
const expressPath = (path: string): string =>
  path.replaceAll(':', String.raw`\:`).replaceAll(/\{(\w+)\}/g, ':$1');
