/**
 * Runs a package of type `node` beside a peer outside Kubernetes, as the runtime image does in a pod, until its peer
 * is gone. Its arguments: the package's files, and the folder with the peer's `chaincode.json`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import shim from 'fabric-shim';
import { provideBatches } from '../../../fabric-peer-fork/runtime/batches.ts';
import { loadChaincode } from '../../../fabric-peer-fork/runtime/chaincode.ts';

const [output = '', metadata = ''] = process.argv.slice(2);
const launch = JSON.parse(readFileSync(join(metadata, 'chaincode.json'), 'utf8')) as Record<
  'peer_address' | 'chaincode_id' | 'root_cert' | 'client_cert' | 'client_key',
  string
>;
const write = (name: string, content: string): string => {
  const path = join(metadata, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};
const inBase64 = (text: string): string => Buffer.from(text).toString('base64');
Object.assign(process.env, {
  CORE_CHAINCODE_ID_NAME: launch.chaincode_id,
  CORE_PEER_TLS_ENABLED: 'true',
  CORE_PEER_TLS_ROOTCERT_FILE: write('root.pem', launch.root_cert),
  // The shim wants these two in base64 once more.
  CORE_TLS_CLIENT_CERT_PATH: write('client.crt', inBase64(launch.client_cert)),
  CORE_TLS_CLIENT_KEY_PATH: write('client.key', inBase64(launch.client_key)),
});
process.argv.splice(2, 2, '--peer.address', launch.peer_address);
provideBatches();
shim.Shim.start(await loadChaincode(output));
