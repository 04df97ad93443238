import { readFile } from 'node:fs/promises';
import test from 'ava';
import { parse } from 'yaml';
import { rules } from '../../../functions/lib/network/rules.ts';
import { fabricNetworkYaml } from '../../../functions/provisioning/crd.ts';

const committed = new URL('../../../knative/base/crd/fabricnetwork.yaml', import.meta.url);

/** Every schema in a definition, with its path. */
function schemas(value: unknown, path = ''): [string, Record<string, unknown>][] {
  if (typeof value !== 'object' || value === null) return [];
  const here = value as Record<string, unknown>;
  return [
    ...('type' in here && typeof here['type'] === 'string'
      ? [[path, here] as [string, Record<string, unknown>]]
      : []),
    ...Object.entries(here).flatMap(([key, child]) => schemas(child, `${path}.${key}`)),
  ];
}

const specSchemas = () => {
  const definition = parse(fabricNetworkYaml()) as {
    spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: object } } } }[] };
  };
  return schemas(definition.spec.versions[0]?.schema.openAPIV3Schema.properties.spec);
};

test('the committed definition is what the schemas generate', async (t) => {
  t.is(await readFile(committed, 'utf8'), fabricNetworkYaml());
});

test('every rule of the schemas is a rule of the definition', (t) => {
  const yaml = fabricNetworkYaml();
  for (const { message } of rules) t.true(yaml.includes(message), message);
});

test('every list and text of the spec is bounded, as the cost of rules demands', (t) => {
  for (const [path, schema] of specSchemas()) {
    if (schema['type'] === 'array') t.truthy(schema['maxItems'], path);
    if (schema['type'] === 'string') t.truthy(schema['maxLength'] ?? schema['enum'], path);
  }
});

test('the schema is structural: nothing Kubernetes would refuse', (t) => {
  for (const [path, schema] of specSchemas()) {
    t.false('$schema' in schema || 'propertyNames' in schema, path);
    t.not(schema['additionalProperties'], false, path);
  }
});

/** The paths of all fields below a schema that `kubectl explain` would show without a word. */
function unexplained(schema: Record<string, unknown>, path: string): string[] {
  const { properties = {}, items } = schema as {
    properties?: Record<string, Record<string, unknown>>;
    items?: Record<string, unknown>;
  };
  return [
    ...Object.entries(properties).flatMap(([name, field]) => [
      ...(field['description'] ? [] : [`${path}.${name}`]),
      ...unexplained(field, `${path}.${name}`),
    ]),
    ...(items ? unexplained(items, path) : []),
  ];
}

test('kubectl explain says of every field what it is', (t) => {
  const definition = parse(fabricNetworkYaml()) as {
    spec: {
      versions: {
        schema: { openAPIV3Schema: { properties: Record<string, Record<string, unknown>> } };
      }[];
    };
  };
  const { spec, status } = definition.spec.versions[0]!.schema.openAPIV3Schema.properties;
  t.deepEqual(unexplained(spec!, 'spec'), []);
  t.deepEqual(unexplained(status!, 'status'), []);
  t.truthy(spec?.['description']);
  t.truthy(status?.['description']);
});
