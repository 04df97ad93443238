import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import type { ConnectionProfile } from '../../../functions/lib/applications.ts';
import { readRequest } from '../../../functions/lib/vault/certificate-request.ts';
import { connectionOf, issueIdentity } from '../../../scripts/cli/applications.ts';

const peer = (index: number) => {
  const hostname = `farm-peer-${index}.selvedge-net-supply.svc.cluster.local`;
  return {
    url: `grpcs://${hostname}:7051`,
    tlsCACerts: { pem: 'TLS ROOT\n' },
    grpcOptions: { 'ssl-target-name-override': hostname, hostnameOverride: hostname },
  };
};
const profile: ConnectionProfile = {
  name: 'supply-farm',
  version: '1.0.0',
  client: { organization: 'farm' },
  organizations: { farm: { mspid: 'FarmMSP', peers: ['farm-peer-0', 'farm-peer-1'] } },
  peers: { 'farm-peer-0': peer(0), 'farm-peer-1': peer(1) },
};
const identity = {
  ...{ mspId: 'FarmMSP', certificate: 'CERTIFICATE\n', ca: 'MSP ROOT\n', serial: '1F' },
  notAfter: '2026-12-28T00:00:00.000Z',
};

interface Seen {
  asked: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A gateway that answers as for supply, but refuses identities where it is told to; and a folder. */
async function world(t: ExecutionContext, refuses = false) {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      seen.push({ asked: `${request.method} ${request.url}`, headers: request.headers, body });
      const isIssue = request.url!.endsWith('/identities');
      if (isIssue && refuses) response.writeHead(403).end('{"detail":"alice may not"}');
      else response.end(JSON.stringify(isIssue ? identity : profile));
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const parent = await mkdtemp(join(tmpdir(), 'selvedge-identity-'));
  t.teardown(() => {
    server.close();
    return rm(parent, { recursive: true });
  });
  const gateway = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const of = { gateway, token: 'T', network: 'supply', organization: 'farm' };
  const folder = join(parent, 'supply-farm');
  const read = (path: string) => readFile(join(folder, path), 'utf8');
  return { seen, of, folder, read };
}

const path = '/v1/networks/supply/organizations/farm';

test('an identity is an MSP folder and a connection profile', async (t) => {
  const { seen, of, folder, read } = await world(t);
  t.deepEqual(await issueIdentity(of, folder), identity);
  t.deepEqual(
    seen.map(({ asked }) => asked),
    [`GET ${path}/connection`, `POST ${path}/identities`],
  );
  for (const { headers } of seen) t.is(headers.authorization, 'Bearer T');
  t.is(await read('msp/signcerts/cert.pem'), identity.certificate);
  t.is(await read('msp/cacerts/ca.pem'), identity.ca);
  t.is(await read('msp/tlscacerts/tls-ca.pem'), 'TLS ROOT\n');
  t.like(parse(await read('msp/config.yaml')), {
    NodeOUs: { Enable: true, ClientOUIdentifier: { OrganizationalUnitIdentifier: 'client' } },
  });
  t.deepEqual(JSON.parse(await read('connection.json')), profile);
});

test('the key is made here, is in the folder for its owner only, and is what the request is for', async (t) => {
  const { seen, of, folder, read } = await world(t);
  await issueIdentity(of, folder);
  const { csr } = JSON.parse(seen[1]!.body) as { csr: string };
  t.notRegex(csr, /PRIVATE/);
  const { pem, commonNames } = await readRequest(csr);
  t.deepEqual(commonNames, []);
  const key = createPublicKey(createPrivateKey(await read('msp/keystore/key.pem')));
  const der = key.export({ format: 'der', type: 'spki' });
  t.true(Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64').includes(der));
  t.is((await stat(join(folder, 'msp/keystore/key.pem'))).mode & 0o777, 0o600);
  t.is((await stat(join(folder, 'msp/keystore'))).mode & 0o777, 0o700);
});

test('issued again, it is another key, for its owner only as well', async (t) => {
  const { of, folder, read } = await world(t);
  await issueIdentity(of, folder);
  const file = 'msp/keystore/key.pem';
  const first = await read(file);
  await chmod(join(folder, file), 0o644);
  await issueIdentity(of, folder);
  t.not(await read(file), first);
  t.is((await stat(join(folder, file))).mode & 0o777, 0o600);
});

test('issued again, the folder never has of two identities a part each, and keeps what else is in it', async (t) => {
  const { of, folder, read } = await world(t);
  await issueIdentity(of, folder);
  await writeFile(join(folder, 'notes.txt'), 'mine');
  const handle = await open(join(folder, 'msp'));
  t.teardown(() => handle.close());
  const former = (await handle.stat()).ino;
  await issueIdentity(of, folder);
  // Another folder took the place of the former one, as a whole.
  t.not((await stat(join(folder, 'msp'))).ino, former);
  t.is(await read('notes.txt'), 'mine');
  t.deepEqual((await readdir(folder)).toSorted(), ['connection.json', 'msp', 'notes.txt']);
});

test('where it is refused, that is said and nothing is written', async (t) => {
  const { of, folder } = await world(t, true);
  await t.throwsAsync(issueIdentity(of, folder), { message: /403: alice may not/ });
  t.false(existsSync(folder));
});

test('where peers are is told as the gateway tells it', async (t) => {
  const { of } = await world(t);
  t.deepEqual(await connectionOf(of), profile);
});
