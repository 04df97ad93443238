/** Which tests: `SUITE=integration` starts real servers, `SUITE=nothing` a bare machine, `SUITE=e2e`
 * and `SUITE=e2e-alone` use the running cluster. */
const suites = {
  unit: {
    files: ['test/**/*.test.ts', '!test/{integration,nothing,e2e}/**'],
    timeout: '60s',
  },
  integration: {
    files: ['test/integration/**/*.test.ts'],
    timeout: '5m',
    // Each file starts servers of its own; two at once is what two cores carry.
    concurrency: 2,
  },
  nothing: {
    files: ['test/nothing/**/*.test.ts'],
    // Where nothing is in the caches yet, everything is built.
    timeout: '60m',
    concurrency: 1,
    serial: true,
    failFast: false,
  },
  e2e: {
    files: ['test/e2e/*.test.ts'],
    timeout: '10m',
    // They wait more than they work, for pods and for what functions do; with four at once two cores were
    // so busy that Kubernetes took minutes for the end of a namespace.
    concurrency: 3,
    failFast: false,
  },
  'e2e-alone': {
    files: ['test/e2e/alone/*.test.ts'],
    timeout: '10m',
    concurrency: 1,
    serial: true,
    failFast: false,
    // First what waits until all is quiet.
    sortTestFiles: (a, b) => Number(b.includes('scale')) - Number(a.includes('scale')),
  },
};

export default {
  extensions: { ts: 'module' },
  ...suites[process.env.SUITE ?? 'unit'],
};
