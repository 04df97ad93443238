/** The program of the image that runs chaincode packages of type `node`. */
import { hostname } from 'node:os';

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

const chaincode = await loadChaincode(folder);
const registration = stayRegistered(chaincode, { signal: leaving.signal });
await serveProbes(probePort, () => registration.ready);
console.log(`chaincode ${process.env['CORE_CHAINCODE_ID_NAME'] ?? ''} runs in ${hostname()}`);
