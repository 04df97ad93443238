export default {
  extensions: { ts: 'module' },
  files: ['test/**/*.test.ts', '!test/integration/**', '!test/e2e/**'],
  timeout: '60s',
};
