/** The program of the image that runs chaincode packages of type `node`. */
import { hostname } from 'node:os';

import { provideBatches } from './batches.ts';
import { loadChaincode } from './chaincode.ts';
import { serveProbes } from './probes.ts';
import { stayRegistered } from './registration.ts';

const folder = process.env['CHAINCODE_FOLDER'] ?? '/chaincode';
const probePort = 8080;

const leaving = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    leaving.abort();
    process.exit(0);
  });
}

// The shim takes all but this from the environment.
process.argv.push('--peer.address', process.env['CORE_PEER_ADDRESS'] ?? '');

provideBatches();

// The end of a log is what people are told of a pod that ended: the message comes last.
const chaincode = await loadChaincode(folder).catch((error: unknown) => {
  console.error(error);
  console.error(
    `the chaincode cannot run: ${error instanceof Error ? error.message : String(error)}`,
  );
  process.exit(1);
});
const registration = stayRegistered(chaincode, { signal: leaving.signal });
await serveProbes(probePort, () => registration.ready);
console.log(`chaincode ${process.env['CORE_CHAINCODE_ID_NAME'] ?? ''} runs in ${hostname()}`);
