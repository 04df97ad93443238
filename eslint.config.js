import js from '@eslint/js';
import ts from 'typescript-eslint';
import { importRule } from './rooms.config.ts';

export default ts.config(
  { ignores: ['node_modules', 'dist', '.selvedge', '**/vendor/**'] },
  js.configs.recommended,
  ...ts.configs.strictTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    plugins: { selvedge: { rules: { imports: importRule } } },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      complexity: ['error', 10],
      'max-lines': ['error', { max: 300, skipComments: true, skipBlankLines: true }],
      'selvedge/imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/no-floating-promises': 'error',
      // What is taken apart has the names of others: the environment, protocols.
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'variable', modifiers: ['destructured'], format: null },
        // Strict Pascal case, for classes that are values and units (MiB), has no word in capitals.
        {
          selector: 'variable',
          format: ['camelCase', 'StrictPascalCase'],
          leadingUnderscore: 'allow',
        },
      ],
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
