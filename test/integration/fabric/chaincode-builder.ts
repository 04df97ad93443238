/**
 * An external builder for peers outside Kubernetes: it runs packages of type `node` as a process
 * beside the peer, with the libraries of this repository, as the runtime image does in a pod.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Writes the builder's programs to `folder`; its path goes to `chaincode.externalBuilders`. */
export async function writeBuilder(folder: string): Promise<string> {
  const shim = createRequire(import.meta.url).resolve('fabric-shim');
  const modules = dirname(dirname(shim));
  const programs = {
    detect: 'exit 0',
    build: 'cp -r "$1/." "$3/"',
    run: `NODE_PATH=${modules} exec ${process.execPath} ${join(folder, 'run.cjs')} "$1" "$2"`,
  };
  await mkdir(join(folder, 'bin'), { recursive: true });
  for (const [name, body] of Object.entries(programs)) {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\nset -e\n${body}\n`, { mode: 0o755 });
  }
  await writeFile(join(folder, 'run.cjs'), runner);
  return folder;
}

/** Its arguments: the package's files, and the folder with the peer's `chaincode.json`. */
const runner = `
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const [output, metadata] = process.argv.slice(2);
const launch = JSON.parse(readFileSync(join(metadata, 'chaincode.json'), 'utf8'));
const write = (name, content) => {
  const path = join(metadata, name);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
};
Object.assign(process.env, {
  CORE_PEER_ADDRESS: launch.peer_address,
  CORE_CHAINCODE_ID_NAME: launch.chaincode_id,
  CORE_PEER_TLS_ENABLED: 'true',
  CORE_PEER_TLS_ROOTCERT_FILE: write('root.pem', launch.root_cert),
  // The shim wants these two in base64 once more.
  CORE_TLS_CLIENT_CERT_PATH: write('client.crt', Buffer.from(launch.client_cert).toString('base64')),
  CORE_TLS_CLIENT_KEY_PATH: write('client.key', Buffer.from(launch.client_key).toString('base64')),
});
process.argv.splice(
  2, 2,
  '--peer.address', launch.peer_address,
  '--chaincode-id-name', launch.chaincode_id,
  '--module-path', output,
);
require('fabric-shim/lib/contract-spi/bootstrap').bootstrap();
`;
