import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import ts from 'typescript-eslint';

/** Dependencies point one way: main -> handler -> domain -> lib interfaces. */
const zones = [
  {
    target: './functions/lib',
    from: './functions',
    except: ['./lib'],
    message: 'lib knows no function',
  },
  ...['gateway', 'provisioning', 'failover', 'data-put', 'data-get', 'setup', 'anchor'].map(
    (name) => ({
      target: `./functions/${name}`,
      from: './functions',
      except: [`./${name}`, './lib'],
      message: 'no function imports another',
    }),
  ),
  { target: './functions', from: './scripts', message: 'functions know no scripts' },
  ...[
    ['cli', 'cluster'],
    ['cluster', 'cli'],
  ].map(([target, from]) => ({
    target: `./scripts/${target}`,
    from: `./scripts/${from}`,
    message: 'scripts/commands puts the cluster and the command line together',
  })),
  {
    target: './scripts/lib',
    from: './scripts',
    except: ['./lib'],
    message: 'what scripts share knows none of them',
  },
];

export default ts.config(
  { ignores: ['node_modules', 'dist', '.selvedge', '**/vendor/**'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      complexity: ['error', 10],
      'max-lines': ['error', { max: 300, skipComments: true, skipBlankLines: true }],
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
    },
  },
  {
    // ava's `test()` returns a promise that nobody awaits.
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    // The bootstrap is plain JavaScript: it runs under whatever Node the machine has.
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
);
