import { Validator } from '@seriousme/openapi-schema-validator';
import test from 'ava';
import type { Express } from 'express';
import { openApi } from '../../../functions/gateway/openapi.ts';
import { applicationRoutes } from '../../../functions/gateway/routes/applications.ts';
import { batchRoutes } from '../../../functions/gateway/routes/batch.ts';
import { erasureRoutes } from '../../../functions/gateway/routes/erasure.ts';
import { keyRoutes } from '../../../functions/gateway/routes/keys.ts';
import { metaRoutes } from '../../../functions/gateway/routes/meta.ts';
import { networkRoutes } from '../../../functions/gateway/routes/networks.ts';
import { policyRoutes } from '../../../functions/gateway/routes/policies.ts';
import { putRoutes } from '../../../functions/gateway/routes/put.ts';
import { readRoutes } from '../../../functions/gateway/routes/reads.ts';
import { bearer, startGateway } from './gateway.ts';

interface Operation {
  operationId: string;
  responses: Record<string, object>;
}

/** The description does not depend on what the routes reach. */
const none = {} as never;
const document = JSON.parse(
  JSON.stringify(
    openApi([
      ...networkRoutes(none),
      ...applicationRoutes(none),
      ...putRoutes(none),
      ...batchRoutes(none),
      ...readRoutes(none),
      ...erasureRoutes(none),
      ...policyRoutes(none),
      ...keyRoutes(none),
      ...metaRoutes(none, none),
    ]),
  ),
) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** What express answers, as `method path`, read from its own tables. */
function answered({ router }: Express): string[] {
  interface Layer {
    route?: { path: string; methods: Record<string, boolean> };
    handle: { stack?: Layer[] };
  }
  const walk = (stack: Layer[]): string[] =>
    stack.flatMap(({ route, handle }) => {
      if (!route) return walk(handle.stack ?? []);
      const path = route.path.replaceAll(/(?<!\\):(\w+)/g, '{$1}').replaceAll('\\', '');
      return Object.keys(route.methods).map((method) => `${method} ${path}`);
    });
  return walk((router as unknown as { stack: Layer[] }).stack);
}

test('the description is valid OpenAPI 3.1', async (t) => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...document });
  t.true(valid, JSON.stringify(errors));
  t.is(validator.version, '3.1');
});

test('it is served without a token', async (t) => {
  const { url } = await startGateway(t);
  const answer = await fetch(`${url}/openapi.json`);
  t.is(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  t.deepEqual(await answer.json(), document as unknown);
});

test('every operation has a name of its own', (t) => {
  const names = operations.map(({ operation }) => operation.operationId);
  t.is(new Set(names).size, names.length);
});

test('whatever express answers is in the description', async (t) => {
  const { app } = await startGateway(t);
  const described = operations.map(({ method, path }) => `${method} ${path}`);
  const routes = answered(app).filter((route) => !route.startsWith('_all '));
  t.deepEqual(routes.sort(), described.sort());
});

test('a method that a path does not have is refused with those it has', async (t) => {
  const { url } = await startGateway(t);
  const answer = await fetch(`${url}/v1/networks/a/data/b`, { method: 'PATCH', headers: bearer });
  t.is(answer.status, 405);
  t.is(answer.headers.get('allow'), 'PUT, HEAD, GET, DELETE');
  t.is(answer.headers.get('content-type'), 'application/problem+json; charset=utf-8');
});

for (const { path, method, operation } of operations) {
  test(`${method.toUpperCase()} ${path} is a route, and asks for a token where it says so`, async (t) => {
    const { url } = await startGateway(t);
    const answer = await fetch(url + path.replaceAll(/\{\w+\}/g, 'a'), { method });
    t.is(answer.status, operation.responses['401'] ? 401 : 200);
    const inside = await fetch(url + path.replaceAll(/\{\w+\}/g, 'a'), { method, headers: bearer });
    t.notRegex(await inside.text(), /there is no route/);
    t.not(inside.status, 405);
  });
}

test('the description of a spec allows no field that would be refused', (t) => {
  const { components } = document as unknown as { components: { schemas: object } };
  t.like(components.schemas, {
    NetworkSpec: {
      additionalProperties: false,
      properties: { consensus: { additionalProperties: false } },
    },
  });
});

test('where an answer leads is an operation that there is', (t) => {
  const names = operations.map(({ operation }) => operation.operationId);
  const answers = operations.flatMap(({ operation }) => Object.values(operation.responses));
  const led = answers.flatMap(({ links = {} }: { links?: Record<string, Operation> }) =>
    Object.values(links).map(({ operationId }) => operationId),
  );
  t.true(led.length > 0);
  t.deepEqual(
    led.filter((name) => !names.includes(name)),
    [],
  );
});
