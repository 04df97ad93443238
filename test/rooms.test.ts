import { join } from 'node:path';
import test from 'ava';
import { ESLint, Linter } from 'eslint';
import ts from 'typescript-eslint';
import { fault, importRule, type Import } from '../rooms.config.ts';

const table: Record<string, { asked: Import; fault?: RegExp }> = {
  'what functions share may import its own': {
    asked: { file: 'functions/lib/data/keys.ts', from: '../vault/client.ts' },
  },
  'what functions share may not import a function': {
    asked: { file: 'functions/lib/data/keys.ts', from: '../../data-put/put.ts' },
    fault: /lib knows no function/,
  },
  'a function may not import another': {
    asked: { file: 'functions/data-get/get.ts', from: '../data-put/put.ts' },
    fault: /no function imports another/,
  },
  'not even for a type': {
    asked: { file: 'functions/data-get/get.ts', from: '../data-put/put.ts', typeOnly: true },
    fault: /no function imports another/,
  },
  'a function may not import a script': {
    asked: { file: 'functions/setup/main.ts', from: '../../scripts/lib/x509.ts' },
    fault: /nor scripts/,
  },
  'the command line may import what functions share': {
    asked: { file: 'scripts/cli/wait.ts', from: '../../functions/lib/until.ts' },
  },
  'the command line may not import the local cluster': {
    asked: { file: 'scripts/cli/wait.ts', from: '../cluster/settings.ts' },
    fault: /neither the local cluster/,
  },
  'the local cluster may not import the command line': {
    asked: { file: 'scripts/cluster/plan.ts', from: '../cli/target.ts' },
    fault: /neither the command line/,
  },
  'a command may put the two together': {
    asked: { file: 'scripts/commands/up.ts', from: '../cluster/plan.ts' },
  },
  'no script may import a function': {
    asked: { file: 'scripts/commands/up.ts', from: '../../functions/setup/vault.ts' },
    fault: /no function/,
  },
  'what breaks a cluster may import its command line': {
    asked: { file: 'scripts/chaos/prober.ts', from: '../cli/client.ts' },
  },
  'and no function': {
    asked: { file: 'scripts/chaos/faults/pods.ts', from: '../../../functions/failover/gather.ts' },
    fault: /and no function/,
  },
  'what measures a cluster may import its command line': {
    asked: { file: 'scripts/bench/connect.ts', from: '../cli/client.ts' },
  },
  'and no function, nor what breaks one': {
    asked: { file: 'scripts/bench/rows/puts.ts', from: '../../chaos/prober.ts' },
    fault: /and no function/,
  },
  'what scripts share knows none of them': {
    asked: { file: 'scripts/lib/shell.ts', from: '../cli/target.ts' },
    fault: /knows none of them/,
  },
  'main.ts imports the handler': {
    asked: { file: 'functions/failover/main.ts', from: './handler.ts' },
  },
  'nobody else imports the handler': {
    asked: { file: 'functions/failover/pass.ts', from: './handler.ts' },
    fault: /only main.ts imports the handler/,
  },
  'nobody imports main.ts': {
    asked: { file: 'functions/failover/pass.ts', from: './main.ts' },
    fault: /nobody imports it/,
  },
  'main.ts makes clients': {
    asked: {
      file: 'functions/failover/main.ts',
      from: '../lib/kubernetes/client.ts',
      names: ['connectKubernetes'],
    },
  },
  'the domain makes no clients': {
    asked: {
      file: 'functions/failover/gather.ts',
      from: '../lib/kubernetes/client.ts',
      names: ['refOf', 'connectKubernetes'],
    },
    fault: /let connectKubernetes be called there/,
  },
  'the domain may know the type of what makes a client': {
    asked: {
      file: 'functions/provisioning/pass.ts',
      from: '../lib/fabric/peer.ts',
      names: ['connectPeer'],
      typeOnly: true,
    },
  },
  'an SDK’s owner imports it': {
    asked: { file: 'functions/lib/data/etcd.ts', from: 'etcd3' },
  },
  'nobody else imports an SDK, by whatever path into it': {
    asked: { file: 'functions/data-put/store.ts', from: 'etcd3/lib/errors.js' },
    fault: /etcd3 belongs to functions\/lib\/data\/etcd.ts/,
  },
  'a package with a scope is known by both parts': {
    asked: { file: 'functions/data-get/get.ts', from: '@cedar-policy/cedar-wasm/nodejs' },
    fault: /@cedar-policy\/cedar-wasm belongs to/,
  },
  'the domain knows no express': {
    asked: { file: 'functions/gateway/networks.ts', from: 'express', typeOnly: true },
    fault: /express belongs to/,
  },
  'a new package is given an owner first': {
    asked: { file: 'functions/gateway/app.ts', from: 'left-pad' },
    fault: /left-pad has no owner yet/,
  },
  'Node’s own modules are everybody’s': {
    asked: { file: 'functions/gateway/networks.ts', from: 'node:crypto' },
  },
  'tests import what they test': {
    asked: { file: 'test/integration/servers.ts', from: 'etcd3' },
  },
};

for (const [title, { asked, fault: expected }] of Object.entries(table)) {
  test(title, (t) => {
    const found = fault(asked);
    if (expected) t.regex(found ?? 'allowed', expected);
    else t.is(found, undefined);
  });
}

/** What lint says of a file's text. */
function lint(code: string, file = 'functions/failover/gather.ts'): string[] {
  const linter = new Linter({ cwd: '/repository' });
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: ts.parser },
    plugins: { selvedge: { rules: { imports: importRule } } },
    rules: { 'selvedge/imports': 'error' },
  };
  return linter.verify(code, config, join('/repository', file)).map(({ message }) => message);
}

const planted: Record<string, string> = {
  'an import': "import { Etcd3 } from 'etcd3';",
  'an import of a type': "import type { Etcd3 } from 'etcd3';",
  'an import of a module’s effects': "import 'etcd3';",
  'an import at run time': "await import('etcd3');",
  'a name that is passed on': "export { Etcd3 } from 'etcd3';",
  'a module that is passed on': "export * from 'etcd3';",
  'a client made in the domain': "import { connectEtcd } from '../lib/data/etcd.ts';",
  'a client made in the domain under another name':
    "import { connectEtcd as open } from '../lib/data/etcd.ts';",
};

for (const [what, code] of Object.entries(planted)) {
  test(`lint finds ${what}`, (t) => {
    t.is(lint(code).length, 1);
  });
}

test('lint lets pass what is allowed', (t) => {
  const code = [
    "import { z } from 'zod';",
    "import type { connectEtcd } from '../lib/data/etcd.ts';",
    "import { type connectVault, type Vault } from '../lib/vault/client.ts';",
    "import { decide } from './checks/decide.ts';",
    'export { decide };',
  ].join('\n');
  t.deepEqual(lint(code), []);
});

for (const file of [
  'functions/failover/pass.ts',
  'scripts/cli/wait.ts',
  'functions/lib/until.ts',
]) {
  test(`the rule is on for ${file}`, async (t) => {
    const config = (await new ESLint().calculateConfigForFile(file)) as Linter.Config;
    t.deepEqual(config.rules?.['selvedge/imports'], [2]);
  });
}
