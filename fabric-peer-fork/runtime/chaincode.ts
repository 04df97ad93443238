import { readFile } from 'node:fs/promises';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';

import contractApi from 'fabric-contract-api';
import shim from 'fabric-shim';
import ChaincodeFromContract from 'fabric-shim/lib/contract-spi/chaincodefromcontract.js';

import { provideModules } from './modules.ts';

/** What a package's main module exports, as Fabric's contract programming model has it. */
interface Program {
  contracts?: unknown[];
  serializers?: { transaction?: string; serializers?: Record<string, unknown> };
}

interface PackageJson {
  name?: string;
  version?: string;
  main?: string;
}

/**
 * Loads the package in a folder and makes a chaincode of its contracts. `fabric-contract-api` and `fabric-shim` are
 * given to it by this runtime; whatever else it requires it must bring along.
 *
 * @throws Error when there is no package.json, no main module, or the module exports no contract
 */
export async function loadChaincode(folder: string): Promise<shim.ChaincodeInterface> {
  provideModules(registerHooks, { 'fabric-contract-api': contractApi, 'fabric-shim': shim });
  const path = join(folder, 'package.json');
  const description = JSON.parse(await readFile(path, 'utf8')) as PackageJson;
  const main = join(folder, description.main ?? 'index.js');
  const program = createRequire(path)(main) as Program;
  return new ChaincodeFromContract(
    contractsOf(program, main),
    serializersOf(program),
    await metadataOf(folder),
    description.name ?? 'chaincode',
    description.version ?? '0.0.0',
  );
}

function contractsOf(program: Program, main: string): unknown[] {
  const contracts = program.contracts ?? [program];
  if (contracts.length === 0 || contracts.some((contract) => typeof contract !== 'function')) {
    throw new Error(`${main} exports no list "contracts" of contract classes`);
  }
  return contracts;
}

function serializersOf({ serializers }: Program): unknown {
  const standard = { jsonSerializer: contractApi.JSONSerializer };
  if (serializers === undefined) return { transaction: 'jsonSerializer', serializers: standard };
  if (serializers.transaction === undefined) {
    throw new Error('"serializers" names no serializer for its property "transaction"');
  }
  return { ...serializers, serializers: { ...serializers.serializers, ...standard } };
}

/** The contract's own description of itself, if the package brings one; else it is found by introspection. */
async function metadataOf(folder: string): Promise<object> {
  for (const place of ['META-INF', 'contract-metadata']) {
    const content = await readFile(join(folder, place, 'metadata.json'), 'utf8').catch(
      () => undefined,
    );
    if (content !== undefined) return JSON.parse(content) as object;
  }
  return {};
}
