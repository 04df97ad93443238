/**
 * The CustomResourceDefinition of FabricNetwork, generated from the zod schemas of lib/network/:
 * `node functions/provisioning/crd.ts > knative/base/crd/fabricnetwork.yaml`.
 */
import { stringify } from 'yaml';
import { z } from 'zod';
import { group, kind } from '../lib/network.ts';
import { rules } from '../lib/network/rules.ts';
import { networkSpecShape, objectName } from '../lib/network/shape.ts';
import { networkStatus } from '../lib/network/status.ts';

/** The part of a structural schema (Kubernetes' subset of JSON Schema) used here. */
interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  [keyword: string]: unknown;
}

interface Validation {
  rule: string;
  message: string;
}

/**
 * Rules about changes. zod sees one spec and cannot have them; Fabric would need a channel update
 * for each of these, so they are refused rather than silently ignored.
 */
const transitions: Validation[] = [
  {
    rule: 'self.consensus.type == oldSelf.consensus.type && self.consensus.orderers == oldSelf.consensus.orderers',
    message: 'consensus cannot be changed once the network exists',
  },
  ...['name', 'mspId'].map((field) => ({
    rule: `self.organizations.map(o, o.${field}) == oldSelf.organizations.map(o, o.${field})`,
    message: `the organizations and their ${field} cannot be changed once the network exists`,
  })),
  {
    rule: 'oldSelf.channels.all(o, self.channels.exists(c, c.name == o.name && c.organizations == o.organizations))',
    message: 'a channel cannot be removed, nor its organizations changed',
  },
];

/** The whole definition, ready to be applied. */
export function fabricNetworkDefinition(): object {
  const spec = structural(z.toJSONSchema(networkSpecShape, { io: 'input' }) as Schema);
  for (const { path, cel, message } of rules) addRule(at(spec, path), { rule: cel, message });
  for (const transition of transitions) addRule(spec, transition);
  const status = structural(z.toJSONSchema(networkStatus, { io: 'input' }) as Schema);
  Object.assign(at(status, ['conditions']), {
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  });
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `fabricnetworks.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural: 'fabricnetworks',
        singular: 'fabricnetwork',
        shortNames: ['fn'],
        categories: ['selvedge'],
      },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: root(spec, status) },
        },
      ],
    },
  };
}

const columns = [
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Orderers', type: 'string', jsonPath: '.status.ready.orderers' },
  { name: 'Peers', type: 'string', jsonPath: '.status.ready.peers' },
  {
    name: 'Message',
    type: 'string',
    priority: 1,
    jsonPath: '.status.conditions[?(@.type=="Ready")].message',
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

function root(spec: Schema, status: Schema): Schema {
  const { pattern = '', maxLength = 0 } = z.toJSONSchema(objectName) as {
    pattern?: string;
    maxLength?: number;
  };
  return {
    type: 'object',
    description: 'A Hyperledger Fabric network, made and kept by Selvedge.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: { description: 'What the network should be.', ...spec },
      status: { description: 'What the network is, as provisioning saw it last.', ...status },
    },
    'x-kubernetes-validations': [
      {
        rule: `self.metadata.name.size() <= ${maxLength} && self.metadata.name.matches('${pattern}')`,
        message: `the name of a network is at most ${maxLength} lower-case letters, digits and -`,
      },
    ],
  };
}

/** JSON Schema without what a structural schema must not have. */
function structural(schema: Schema): Schema {
  const kept: Schema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!dropped(keyword, value)) kept[keyword] = convert(keyword, value);
  }
  return kept;
}

function dropped(keyword: string, value: unknown): boolean {
  if (keyword === '$schema' || keyword === 'propertyNames') return true;
  if (keyword === 'additionalProperties' && value === false) return true;
  // z.int() bounds every integer by what a double holds; Kubernetes' integers are 64 bits anyway.
  return (keyword === 'minimum' || keyword === 'maximum') && !inRange(value);
}

function inRange(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER;
}

function convert(keyword: string, value: unknown): unknown {
  if (keyword === 'properties') {
    const entries = Object.entries(value as Record<string, Schema>);
    return Object.fromEntries(entries.map(([name, schema]) => [name, structural(schema)]));
  }
  if (keyword === 'items' || keyword === 'additionalProperties') return structural(value as Schema);
  return value;
}

/** The schema at a path of property names, `[]` for the items of a list. */
function at(schema: Schema, path: readonly string[]): Schema {
  return path.reduce((parent, step) => {
    const child = step === '[]' ? parent.items : parent.properties?.[step];
    if (!child) throw new Error(`the schema has nothing at ${path.join('.')}`);
    return child;
  }, schema);
}

function addRule(schema: Schema, validation: Validation): void {
  const rest = (schema['x-kubernetes-validations'] ?? []) as Validation[];
  schema['x-kubernetes-validations'] = [...rest, validation];
}

/** The file as it is committed. */
export function fabricNetworkYaml(): string {
  const note =
    '# Generated from functions/lib/network/ by functions/provisioning/crd.ts: do not edit.\n';
  return (
    note + stringify(fabricNetworkDefinition(), { lineWidth: 0, aliasDuplicateObjects: false })
  );
}

if (import.meta.main) process.stdout.write(fabricNetworkYaml());
