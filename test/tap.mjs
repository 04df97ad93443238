/**
 * Preloaded into ava, whose TAP reporter dies of an error of which no line is in the stack (of a socket, say): it puts
 * undefined where a line would be, which YAML has no word for. Nobody would learn which test failed.
 */
import { createRequire } from 'node:module';

const supertap = createRequire(import.meta.url).resolve('supertap');
const yaml = createRequire(supertap)('js-yaml');
const { safeDump } = yaml;
yaml.safeDump = (object, options) => safeDump(object, { ...options, skipInvalid: true });
