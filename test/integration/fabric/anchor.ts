/** The anchor chaincode as a package, built as its image's build does it. */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { chaincodePackage, type ChaincodePackage } from '../../../functions/lib/fabric/package.ts';

const entry = fileURLToPath(new URL('../../../functions/anchor/main.ts', import.meta.url));

export async function anchorPackage(label = 'anchor_1'): Promise<ChaincodePackage> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['fabric-contract-api', 'fabric-shim'],
    write: false,
  });
  return chaincodePackage({
    label,
    type: 'node',
    files: {
      'package.json': JSON.stringify({ name: 'anchor', version: '1.0.0', main: 'index.js' }),
      'index.js': outputFiles[0]?.contents ?? '',
    },
  });
}
