import type { registerHooks } from 'node:module';

const scheme = 'selvedge:';
const provided = Symbol.for('selvedge.modules');

/**
 * Lets modules that are part of this program be required and imported by name from anywhere. A contract has to
 * extend the very class that the runtime knows, so there must be one instance of each.
 */
export function provideModules(
  register: typeof registerHooks,
  modules: Record<string, object>,
): void {
  Object.assign(globalThis, { [provided]: modules });
  register({
    resolve: (specifier, context, next) =>
      specifier in modules
        ? { url: scheme + specifier, format: 'commonjs', shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) => {
      const name = url.slice(scheme.length);
      const module = url.startsWith(scheme) ? modules[name] : undefined;
      if (module === undefined) return next(url, context);
      return { format: 'commonjs', source: sourceOf(name, module), shortCircuit: true };
    },
  });
}

/** The module itself; its exports are named in the text, which is where `import { … }` looks for them. */
function sourceOf(name: string, module: object): string {
  const exports = Object.keys(module).filter((key) => /^[A-Za-z_$][\w$]*$/.test(key));
  return [
    `const module_ = globalThis[Symbol.for('selvedge.modules')][${JSON.stringify(name)}];`,
    ...exports.map((key) => `exports.${key} = module_.${key};`),
    'module.exports = module_;',
  ].join('\n');
}
