import { Validator } from '@seriousme/openapi-schema-validator';
import test from 'ava';
import { openApi } from '../../../functions/gateway/openapi.ts';
import { bearer, startGateway } from './gateway.ts';

interface Operation {
  operationId: string;
  responses: Record<string, object>;
}
const paths = openApi().paths as Record<string, Record<string, Operation>>;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('the description is valid OpenAPI 3.1', async (t) => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(
    JSON.parse(JSON.stringify(openApi())) as Record<string, unknown>,
  );
  t.true(valid, JSON.stringify(errors));
  t.is(validator.version, '3.1');
});

test('it is served without a token', async (t) => {
  const { url } = await startGateway(t);
  const answer = await fetch(`${url}/openapi.json`);
  t.is(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  t.deepEqual(await answer.json(), JSON.parse(JSON.stringify(openApi())) as unknown);
});

test('every operation has a name of its own', (t) => {
  const names = operations.map(({ operation }) => operation.operationId);
  t.is(new Set(names).size, names.length);
});

for (const { path, method, operation } of operations) {
  test(`${method.toUpperCase()} ${path} is a route, and asks for a token where it says so`, async (t) => {
    const { url } = await startGateway(t);
    const answer = await fetch(url + path.replaceAll(/\{\w+\}/g, 'a'), { method });
    t.is(answer.status, operation.responses['401'] ? 401 : 200);
    const inside = await fetch(url + path.replaceAll(/\{\w+\}/g, 'a'), { method, headers: bearer });
    t.notRegex(await inside.text(), /there is no route/);
  });
}
