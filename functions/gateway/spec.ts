import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { BadRequest, Unprocessable } from '../lib/errors.ts';
import { apiVersion, kind, networkSpec, type NetworkSpec } from '../lib/network.ts';

/** The most faults that one answer lists. */
const mostListed = 100;

/** Media types a spec may come in (YAML: RFC 9512, and what was used before it). */
export const yamlTypes = ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'];
export const specTypes = ['application/json', ...yamlTypes];

interface Fault {
  path: string;
  message: string;
  /** Of one field to others, which the description cannot say. */
  ofRule?: boolean;
}

/**
 * Reads a network's spec from a request's body: the spec itself, or the whole resource as kubectl
 * takes it.
 *
 * @param name the network's name in the path
 * @throws BadRequest when it is not as the description says, and lists every bad field
 * @throws Unprocessable when it is, and breaks only rules between fields
 */
export function readSpec(text: string, name: string): NetworkSpec {
  const body = parseText(text);
  const whole = isObject(body) && 'spec' in body;
  const value = whole ? body['spec'] : body;
  const result = networkSpec.safeParse(value);
  const faults = [
    ...(whole ? faultsOf(headOf(name).safeParse(body).error) : []),
    ...unknownFields(networkSpec, value, []),
    ...faultsOf(result.error),
  ];
  if (result.success && faults.length === 0) return result.data;
  throw refusal(faults);
}

/** YAML 1.2 holds JSON. Aliases are bounded, so that a small body cannot become a huge object. */
function parseText(text: string): unknown {
  try {
    return parseYaml(text, { maxAliasCount: 20, prettyErrors: true });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : '';
    throw new BadRequest(`the body is neither JSON nor YAML: ${reason}`, { cause });
  }
}

/** What stands around a spec in a resource as kubectl takes it; whatever else is there, is let be. */
export const resourceWith = (name: z.ZodString) =>
  z.looseObject({
    apiVersion: z.literal(apiVersion).optional(),
    kind: z.literal(kind).optional(),
    metadata: z.looseObject({ name: name.optional() }).optional(),
  });

function headOf(name: string) {
  return resourceWith(
    z.string().refine((given) => given === name, `is not the "${name}" of the path`),
  );
}

function faultsOf(error: z.ZodError | undefined): Fault[] {
  return (error?.issues ?? []).map(({ path, message, code }) => ({
    ...{ path: path.join('.'), message },
    ofRule: code === 'custom',
  }));
}

/** Fields that the schema does not know: most often a known one, misspelt. */
function unknownFields(schema: unknown, value: unknown, path: (string | number)[]): Fault[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return unknownFields(schema.unwrap(), value, path);
  }
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.flatMap((item, index) => unknownFields(schema.element, item, [...path, index]));
  }
  if (!(schema instanceof z.ZodObject) || !isObject(value)) return [];
  const shape: Record<string, unknown> = schema.shape;
  return Object.keys(value).flatMap((key) =>
    Object.hasOwn(shape, key)
      ? unknownFields(shape[key], value[key], [...path, key])
      : [{ path: [...path, key].join('.'), message: 'is not a field' }],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refusal(faults: Fault[]): BadRequest | Unprocessable {
  const listed = faults.slice(0, mostListed).map(({ path, message }) => ({ path, message }));
  const lines = listed.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = faults.length > mostListed ? `; and ${faults.length - mostListed} more` : '';
  const said = `${lines.join('; ')}${more}`;
  const options = { members: { errors: listed } };
  return faults.every(({ ofRule }) => ofRule)
    ? new Unprocessable(`the network cannot be: ${said}`, options)
    : new BadRequest(`the network is malformed: ${said}`, options);
}
