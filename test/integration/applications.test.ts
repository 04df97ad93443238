/** An application's way in: an identity from a real Vault, with which a real peer and orderer serve it. */
import 'reflect-metadata';
import { randomUUID, webcrypto, X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  BasicConstraintsExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import anyTest, { type TestFn } from 'ava';
import type { IssuedIdentity } from '../../functions/lib/applications.ts';
import { channelGenesis } from '../../functions/lib/fabric/genesis.ts';
import { connectLedger, type Ledger } from '../../functions/lib/fabric/ledger.ts';
import { approve, commit } from '../../functions/lib/fabric/lifecycle.ts';
import { connectParticipation } from '../../functions/lib/fabric/participation.ts';
import { connectPeer } from '../../functions/lib/fabric/peer.ts';
import { createAuthenticator } from '../../functions/lib/function/authentication.ts';
import { functionApp } from '../../functions/lib/function/serve.ts';
import { createLogger } from '../../functions/lib/log.ts';
import { until } from '../../functions/lib/until.ts';
import { connectVault } from '../../functions/lib/vault/client.ts';
import { createIdentities, writerUnit } from '../../functions/lib/vault/identities.ts';
import { applicationEndpoints } from '../../functions/provisioning/applications/handler.ts';
import { pkiMount } from '../../functions/provisioning/resources/names.ts';
import { placeOf } from '../../functions/provisioning/resources/plan.ts';
import { makeRequest } from '../../scripts/lib/x509.ts';
import { idOf, versionFact } from '../fakes/facts.ts';
import { alice, audience, startIssuer, type Issuer } from '../fakes/issuer.ts';
import { createWorld, networkOf, settings, type World } from '../functions/provisioning/world.ts';
import { anchorPackage } from './fabric/anchor.ts';
import { genesisSpec, startNetwork, type TestNetwork } from './fabric/network.ts';
import { startVault, type VaultServer } from './harness.ts';

interface Context {
  vault: VaultServer;
  issuer: Issuer;
  fabric: TestNetwork;
  world: World;
  server: Server;
  ask: (body: unknown, claims?: object) => Promise<Response>;
}

const test = anyTest as TestFn<Context>;
const channel = 'goods';

test.before(async (t) => {
  t.timeout(600_000);
  const fabric = await startNetwork([{ name: 'farm', mspId: 'FarmMSP', orderers: 1, peers: 1 }]);
  t.context.fabric = fabric;
  const vault = await startVault();
  t.context.vault = vault;
  const issuer = await startIssuer();
  t.context.issuer = issuer;
  const world = await createWorld();
  await adopt(vault, world, fabric);
  const identities = createIdentities(connectVault(vault.as('provisioning')));
  const log = createLogger('test');
  log.level = 'silent';
  const endpoints = applicationEndpoints({
    clients: { ...world.clients, identities },
    authenticator: createAuthenticator({ issuer: issuer.url, audience, serviceAccounts: false }),
    authorizer: { require: () => Promise.resolve() },
    namespace: 'selvedge',
  });
  const server = createServer(functionApp({ endpoints, log })).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const ask: Context['ask'] = async (body, claims = {}) =>
    fetch(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await issuer.token(claims as Record<string, unknown>)}`,
        'content-type': 'application/json',
        'ce-specversion': '1.0',
        'ce-source': '/test',
        'ce-id': randomUUID(),
        'ce-type': 'dev.selvedge.identity.issue.v1',
        'ce-network': 'supply',
        'ce-organization': 'farm',
      },
      body: JSON.stringify(body),
    });
  t.context = { vault, issuer, fabric, world, server, ask };
});

test.after.always(async (t) => {
  const { vault, issuer, fabric, server } = t.context as Partial<Context>;
  server?.close();
  await Promise.all([vault?.stop(), issuer?.close(), fabric?.stop()]);
});

/** Vault is given the authority of the organization that the network on loopback was made with. */
async function adopt({ root }: VaultServer, world: World, { members }: TestNetwork): Promise<void> {
  const [{ msp }] = members as [TestNetwork['members'][number]];
  const mount = pkiMount(placeOf(await networkOf(world), settings), 'farm', 'msp');
  await root('POST', `sys/mounts/${mount}`, { type: 'pki', config: { max_lease_ttl: '87600h' } });
  const bundle = `${msp.certificate}\n${msp.privateKey}`;
  await root('POST', `${mount}/config/ca`, { pem_bundle: bundle });
}

async function issued(
  { ask }: Context,
  csr: string,
  claims: object = {},
): Promise<{ status: number; identity: IssuedIdentity }> {
  const answer = await ask({ csr }, claims);
  return { status: answer.status, identity: (await answer.json()) as IssuedIdentity };
}

test('an application transacts with the identity that it was given', async (t) => {
  const { fabric } = t.context;
  const [farm] = fabric.members;
  const { request, key } = await makeRequest();
  const { status, identity } = await issued(t.context, request);
  t.is(status, 201);
  t.is(identity.mspId, 'FarmMSP');
  const leaf = new X509Certificate(identity.certificate);
  t.true(leaf.verify(new X509Certificate(farm!.msp.certificate).publicKey));
  t.is(identity.ca.trim(), farm!.msp.certificate.trim());
  t.is(leaf.subject, `OU=client\nCN=${alice}`);
  t.is(leaf.serialNumber, identity.serial);
  t.is(leaf.validToDate.toISOString(), identity.notAfter);
  const days = (leaf.validToDate.getTime() - Date.now()) / 86_400_000;
  t.true(days > 29 && days <= 30);

  await bringUp(fabric);
  const ledger = connectLedger({
    ...{ channel, chaincode: 'anchor', incarnation: 'uid-1', mspId: identity.mspId },
    ...{ certificate: identity.certificate, privateKey: key },
    peers: farm!.peers.map(({ endpoint }) => endpoint),
  });
  t.teardown(() => ledger.close());
  const receipt = await submitted(ledger);
  t.is(receipt.result, 'null');
  t.like(await ledger.commitStatus(receipt.transactionId), { code: 'VALID' });
  const put = ledger.submit('put', [JSON.stringify([versionFact('taken', { index: '1' })])]);
  const error = await t.throwsAsync(put, { name: 'Unprocessable' });
  t.regex(error.message, /only the platform itself writes facts/);
});

/** A transaction of which the chaincode has nothing to write: it is ordered and validated like any other. */
const submitted = (ledger: Ledger) =>
  until({ what: 'a transaction to be committed', timeoutMs: 60_000 }, () =>
    ledger.submit('head', [idOf('nothing')]),
  );

/** A channel with the anchor chaincode, by the organization's admin. */
async function bringUp(fabric: TestNetwork): Promise<void> {
  const [farm] = fabric.members;
  const block = channelGenesis(genesisSpec(fabric, channel, 'raft'));
  await connectParticipation(farm!.orderers[0]!.admin).join(channel, block);
  const admin = connectPeer(farm!.peers[0]!.endpoint, farm!.admin);
  await admin.joinChannel(block);
  const { bytes, packageId } = await anchorPackage();
  await admin.install(bytes);
  const definition = { name: 'anchor', version: '1', sequence: 1 };
  await until({ what: 'the definition to be approved', timeoutMs: 60_000 }, async () => {
    await approve(admin, channel, definition, packageId);
    return true;
  });
  await commit([admin], channel, definition);
  admin.close();
}

/** A request that asks for all that it is not to get. */
async function greedy(name: string, curve = 'P-256') {
  const algorithm = { name: 'ECDSA', namedCurve: curve, hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      ...{ name, keys, signingAlgorithm: algorithm },
      extensions: [
        new BasicConstraintsExtension(true, 5, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([
          { type: 'dns', value: 'farm-peer-0' },
          { type: 'url', value: 'spiffe://selvedge/admin' },
        ]),
      ],
    },
    webcrypto,
  );
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  return { csr: request.toString('pem'), spki };
}

for (const curve of ['P-256', 'P-384']) {
  test(`of a request that asks for more, only its key of ${curve} is in the certificate`, async (t) => {
    const name = `CN=${alice}, OU=admin, OU=${writerUnit}, O=Shop, C=DE`;
    const { csr, spki } = await greedy(name, curve);
    const { status, identity } = await issued(t.context, csr);
    t.is(status, 201, JSON.stringify(identity));
    const leaf = new X509Certificate(identity.certificate);
    t.is(leaf.subject, `OU=client\nCN=${alice}`);
    t.is(leaf.subjectAltName, undefined);
    t.false(leaf.ca);
    t.falsy(leaf.keyUsage);
    t.deepEqual(leaf.publicKey.export({ format: 'der', type: 'spki' }), spki);
  });
}

test('a name is no more than a name, however it is written, and may be long', async (t) => {
  const { request } = await makeRequest();
  for (const sub of [`x,OU=admin,OU=${writerUnit}`, 'a/b+OU=admin', 'ü'.repeat(255)]) {
    const { status, identity } = await issued(t.context, request, { sub });
    t.is(status, 201, JSON.stringify(identity));
    const { subject } = new X509Certificate(identity.certificate).toLegacyObject();
    t.deepEqual({ ...subject }, { OU: 'client', CN: sub });
  }
});

test('the same request again is another certificate of the same key', async (t) => {
  const { request } = await makeRequest();
  const first = (await issued(t.context, request)).identity;
  const second = (await issued(t.context, request)).identity;
  t.not(first.serial, second.serial);
  const keyOf = ({ certificate }: IssuedIdentity) =>
    new X509Certificate(certificate).publicKey.export({ format: 'der', type: 'spki' });
  t.deepEqual(keyOf(first), keyOf(second));
});

test('a request for another is refused', async (t) => {
  const answer = await t.context.ask({ csr: (await greedy('CN=bob')).csr });
  t.is(answer.status, 403);
  t.like(await answer.json(), { type: 'https://selvedge.dev/problems/forbidden' });
});

test('what the authority does not take is refused with 422', async (t) => {
  const answer = await t.context.ask({ csr: (await greedy('SN=Smith, 2.5.4.5=1234')).csr });
  t.is(answer.status, 422);
  t.like(await answer.json(), { type: 'https://selvedge.dev/problems/unprocessable' });
});
