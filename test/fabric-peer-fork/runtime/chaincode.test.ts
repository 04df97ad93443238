import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import test, { type ExecutionContext } from 'ava';

import { loadChaincode } from '../../../fabric-peer-fork/runtime/chaincode.ts';

/** Writes a package into a folder of its own, which the test removes. */
async function folderOf(t: ExecutionContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'chaincode-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

const contract = 'class Greeter extends Contract { async hello() {} }';

const good: Record<string, Record<string, string>> = {
  'a list of contracts': {
    'package.json': '{"main":"lib/main.js"}',
    'lib/main.js': `const { Contract } = require('fabric-contract-api'); ${contract} exports.contracts = [Greeter];`,
  },
  'one contract, in index.js': {
    'package.json': '{}',
    'index.js': `const { Contract } = require('fabric-contract-api'); ${contract} module.exports = Greeter;`,
  },
  'an ES module': {
    'package.json': '{"type":"module"}',
    'index.js': `import { Contract } from 'fabric-contract-api'; import { Shim } from 'fabric-shim'; ${contract} export const contracts = Shim ? [Greeter] : [];`,
  },
  'decorators and the shim': {
    'package.json': '{}',
    'index.js': `const { Contract, Transaction } = require('fabric-contract-api'); ${contract} if (!Transaction || !require('fabric-shim').success) throw new Error('missing'); exports.contracts = [Greeter];`,
  },
  'a description of itself': {
    'package.json': '{"name":"greeter","version":"1.2.3"}',
    'META-INF/metadata.json': '{"info":{"title":"own","version":"9"}}',
    'index.js': `const { Contract } = require('fabric-contract-api'); ${contract} exports.contracts = [Greeter];`,
  },
  'a serializer of its own': {
    'package.json': '{}',
    'index.js': `const { Contract } = require('fabric-contract-api'); ${contract} exports.contracts = [Greeter]; exports.serializers = { transaction: 'own', serializers: { own: class { toBuffer() {} fromBuffer() {} } } };`,
  },
};

for (const [what, files] of Object.entries(good)) {
  test(`a package with ${what} is a chaincode`, async (t) => {
    const chaincode = await loadChaincode(await folderOf(t, files));
    t.is(typeof chaincode.Init, 'function');
    t.is(typeof chaincode.Invoke, 'function');
  });
}

const bad: Record<string, [RegExp, Record<string, string>]> = {
  'without package.json': [/ENOENT.*package\.json/, {}],
  'whose package.json is malformed': [/JSON/, { 'package.json': '{' }],
  'without a main module': [/Cannot find module/, { 'package.json': '{}' }],
  'that requires what it does not bring': [
    /Cannot find module 'elsewhere'/,
    { 'package.json': '{}', 'index.js': "require('elsewhere')" },
  ],
  'without contracts': [
    /exports no list "contracts"/,
    { 'package.json': '{}', 'index.js': 'exports.contracts = []' },
  ],
  'whose contracts are no classes': [
    /exports no list "contracts"/,
    { 'package.json': '{}', 'index.js': 'exports.contracts = [{}]' },
  ],
  'whose serializer is not named': [
    /"transaction"/,
    {
      'package.json': '{}',
      'index.js': 'exports.contracts = [class {}]; exports.serializers = {};',
    },
  ],
};

for (const [what, [message, files]] of Object.entries(bad)) {
  test(`a package ${what} is refused`, async (t) => {
    await t.throwsAsync(async () => loadChaincode(await folderOf(t, files)), { message });
  });
}
