/** A real Fabric network on loopback: orderers and peers as processes, nothing joined yet. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { Identity, PeerEndpoint } from '../../../functions/lib/fabric/connection.ts';
import type { GenesisSpec, OrdererSpec } from '../../../functions/lib/fabric/genesis.ts';
import type { ParticipationOptions } from '../../../functions/lib/fabric/participation.ts';
import { delivery } from '../../../functions/provisioning/resources/peer.ts';
import { writerUnit, type KeyPair } from '../../../functions/lib/vault/identities.ts';
import { buildComponent } from '../../../scripts/cluster/components/build.ts';
import {
  createOrganization,
  type TestOrganization,
} from '../../functions/lib/fabric/identities.ts';
import { writeBuilder } from './chaincode-builder.ts';
import { freePorts } from '../servers.ts';
import { createServerProcess, type Server } from './processes.ts';

export interface TestOrderer {
  server: Server;
  /** Deletes what it keeps on its disk; its identity stays. */
  wipe(): Promise<void>;
  /** The folder of a channel's Raft log. */
  logOf(channel: string): string;
  /** Where its metrics are. */
  operations: string;
  spec: OrdererSpec;
  admin: ParticipationOptions;
}

export interface TestPeer {
  server: Server;
  endpoint: PeerEndpoint;
}

export interface TestMember extends TestOrganization {
  admin: Identity;
  client: Identity;
  /** The platform's own client, which may write facts. */
  writer: Identity;
  orderers: TestOrderer[];
  peers: TestPeer[];
}

export interface TestNetwork {
  members: TestMember[];
  stop(): Promise<void>;
}

interface Node {
  organization: TestOrganization;
  name: string;
  kind: 'orderer' | 'peer';
  folder: string;
  binaries: string;
  configuration: string;
  peerEnv: Record<string, string>;
}

const host = '127.0.0.1';
const hosts = [host, 'localhost'];

/**
 * Starts `orderers` and `peers` of each organization listed.
 *
 * @param peerEnv what is to be set otherwise for peers
 */
export async function startNetwork(
  organizations: readonly { name: string; mspId: string; orderers: number; peers: number }[],
  peerEnv: Record<string, string> = {},
): Promise<TestNetwork> {
  const binaries = await buildComponent('fabric');
  const folder = await mkdtemp(join(tmpdir(), 'selvedge-fabric-'));
  const configuration = await configure(binaries, folder);
  const members = await Promise.all(
    organizations.map(async ({ name, mspId, orderers, peers }) => {
      const organization = await createOrganization(name, mspId);
      const node = (kind: Node['kind']) => (_: unknown, index: number) => ({
        organization,
        kind,
        name: `${name}-${kind}-${index}`,
        folder: join(folder, `${name}-${kind}-${index}`),
        binaries,
        configuration,
        peerEnv,
      });
      return {
        ...organization,
        admin: await identity(organization, 'admin'),
        client: await identity(organization, 'client'),
        writer: await identity(organization, 'client', writerUnit),
        orderers: await Promise.all(
          Array.from({ length: orderers }, node('orderer')).map(createOrderer),
        ),
        peers: await Promise.all(Array.from({ length: peers }, node('peer')).map(createPeer)),
      };
    }),
  );
  const servers = members.flatMap((one) => [...one.orderers, ...one.peers]);
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map(({ server }) => server.kill()));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(servers.map(({ server }) => server.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { members, stop };
}

/** A channel of all members, ordered by all orderers. */
export function genesisSpec(
  { members }: TestNetwork,
  channel: string,
  consensus: GenesisSpec['consensus'],
): GenesisSpec {
  return {
    channel,
    consensus,
    orderers: members.flatMap(({ orderers }) => orderers.map(({ spec }) => spec)),
    organizations: members.map(({ name, mspId, msp, tls, peers, orderers }) => ({
      name,
      mspId,
      rootCert: msp.certificate,
      tlsRootCert: tls.certificate,
      anchorPeers: peers.slice(0, 1).map(({ endpoint }) => {
        const [host = '', port] = endpoint.address.split(':');
        return { host, port: Number(port) };
      }),
      isOrderer: orderers.length > 0,
      isApplication: peers.length > 0,
    })),
  };
}

/** Fabric's own configuration files, with our builder for chaincode instead of its own. */
async function configure(binaries: string, folder: string): Promise<string> {
  const configuration = join(folder, 'configuration');
  const builder = join(folder, 'builder');
  await mkdir(configuration, { recursive: true });
  await writeBuilder(builder);
  await cp(join(binaries, 'orderer.yaml'), join(configuration, 'orderer.yaml'));
  const core = parse(await readFile(join(binaries, 'core.yaml'), 'utf8')) as {
    chaincode: { externalBuilders: unknown };
  };
  core.chaincode.externalBuilders = [{ name: 'test', path: builder }];
  await writeFile(join(configuration, 'core.yaml'), stringify(core));
  return configuration;
}

async function identity(
  { mspId, msp }: TestOrganization,
  ...unit: [string, ...string[]]
): Promise<Identity> {
  return { mspId, ...(await msp.issue({ name: unit[0], unit })) };
}

async function createOrderer(node: Node): Promise<TestOrderer> {
  const { organization, folder, name } = node;
  const [port = 0, adminPort, operations] = await freePorts(3);
  const { signing, tls } = await writeIdentity(node);
  const file = (path: string) => join(folder, path);
  const server = createServerProcess({
    binary: join(node.binaries, 'orderer'),
    args: [],
    log: file('log'),
    healthz: `http://${host}:${operations}/healthz`,
    env: {
      FABRIC_CFG_PATH: node.configuration,
      FABRIC_LOGGING_SPEC: 'info',
      ORDERER_GENERAL_LISTENADDRESS: host,
      ORDERER_GENERAL_LISTENPORT: String(port),
      ORDERER_GENERAL_BOOTSTRAPMETHOD: 'none',
      ORDERER_GENERAL_LOCALMSPID: organization.mspId,
      ORDERER_GENERAL_LOCALMSPDIR: file('msp'),
      ORDERER_GENERAL_TLS_ENABLED: 'true',
      ORDERER_GENERAL_TLS_PRIVATEKEY: file('tls/tls.key'),
      ORDERER_GENERAL_TLS_CERTIFICATE: file('tls/tls.crt'),
      ORDERER_GENERAL_TLS_ROOTCAS: `[${file('tls/ca.crt')}]`,
      ORDERER_GENERAL_BACKOFF_BASEDELAY: '200ms',
      ORDERER_GENERAL_BACKOFF_MAXDELAY: '2s',
      ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE: file('tls/tls.crt'),
      ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY: file('tls/tls.key'),
      ORDERER_GENERAL_CLUSTER_ROOTCAS: `[${file('tls/ca.crt')}]`,
      ORDERER_FILELEDGER_LOCATION: file('ledger'),
      ORDERER_CONSENSUS_WALDIR: file('wal'),
      ORDERER_CONSENSUS_SNAPDIR: file('snapshot'),
      ORDERER_CHANNELPARTICIPATION_ENABLED: 'true',
      ORDERER_ADMIN_LISTENADDRESS: `${host}:${adminPort}`,
      ORDERER_ADMIN_TLS_ENABLED: 'true',
      ORDERER_ADMIN_TLS_CERTIFICATE: file('tls/tls.crt'),
      ORDERER_ADMIN_TLS_PRIVATEKEY: file('tls/tls.key'),
      ORDERER_ADMIN_TLS_CLIENTAUTHREQUIRED: 'true',
      ORDERER_ADMIN_TLS_CLIENTROOTCAS: `[${file('tls/ca.crt')}]`,
      ORDERER_METRICS_PROVIDER: 'prometheus',
      ORDERER_OPERATIONS_LISTENADDRESS: `${host}:${operations}`,
    },
  });
  const adminPair = await organization.tls.issue({ name: `${name} admin` });
  const wipe = async (): Promise<void> => {
    for (const path of ['ledger', 'wal', 'snapshot']) {
      await rm(file(path), { recursive: true, force: true });
    }
  };
  return {
    server,
    wipe,
    logOf: (channel) => file(join('wal', channel)),
    operations: `http://${host}:${operations}`,
    spec: {
      organization: organization.name,
      host,
      port,
      clientTlsCert: tls.certificate,
      serverTlsCert: tls.certificate,
      identity: signing.certificate,
    },
    admin: {
      address: `${host}:${adminPort}`,
      hostname: 'localhost',
      tlsRoot: organization.tls.certificate,
      ...adminPair,
    },
  };
}

async function createPeer(node: Node): Promise<TestPeer> {
  const { organization, folder, name } = node;
  const [port, chaincodePort, operations] = await freePorts(3);
  await writeIdentity(node);
  const file = (path: string) => join(folder, path);
  const address = `${host}:${port}`;
  const server = createServerProcess({
    binary: join(node.binaries, 'peer'),
    args: ['node', 'start'],
    log: file('log'),
    healthz: `http://${host}:${operations}/healthz`,
    env: {
      FABRIC_CFG_PATH: node.configuration,
      FABRIC_LOGGING_SPEC: 'info',
      CORE_PEER_ID: name,
      CORE_PEER_NETWORKID: 'test',
      CORE_PEER_LOCALMSPID: organization.mspId,
      CORE_PEER_MSPCONFIGPATH: file('msp'),
      CORE_PEER_LISTENADDRESS: address,
      CORE_PEER_ADDRESS: address,
      CORE_PEER_CHAINCODELISTENADDRESS: `${host}:${chaincodePort}`,
      CORE_PEER_CHAINCODEADDRESS: `${host}:${chaincodePort}`,
      CORE_PEER_GOSSIP_ENDPOINT: address,
      CORE_PEER_GOSSIP_EXTERNALENDPOINT: address,
      CORE_PEER_GOSSIP_BOOTSTRAP: address,
      CORE_PEER_GOSSIP_USELEADERELECTION: 'false',
      CORE_PEER_GOSSIP_ORGLEADER: 'true',
      ...Object.fromEntries(Object.entries(delivery).map(([name, value]) => [name, `${value}`])),
      CORE_PEER_GOSSIP_PUBLISHSTATEINFOINTERVAL: '1s',
      CORE_PEER_GOSSIP_REQUESTSTATEINFOINTERVAL: '1s',
      CORE_PEER_GOSSIP_PULLINTERVAL: '1s',
      CORE_PEER_GOSSIP_PUBLISHCERTPERIOD: '2s',
      CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: '2s',
      CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT: '8s',
      CORE_PEER_GOSSIP_RECONNECTINTERVAL: '4s',
      CORE_PEER_GOSSIP_PVTDATA_PULLRETRYTHRESHOLD: '5s',
      CORE_PEER_TLS_ENABLED: 'true',
      CORE_PEER_TLS_CERT_FILE: file('tls/tls.crt'),
      CORE_PEER_TLS_KEY_FILE: file('tls/tls.key'),
      CORE_PEER_TLS_ROOTCERT_FILE: file('tls/ca.crt'),
      CORE_PEER_GATEWAY_DIALTIMEOUT: '5s',
      CORE_PEER_GATEWAY_BROADCASTTIMEOUT: '10s',
      CORE_PEER_KEEPALIVE_MININTERVAL: '10s',
      CORE_PEER_FILESYSTEMPATH: file('data'),
      CORE_LEDGER_SNAPSHOTS_ROOTDIR: file('data/snapshots'),
      CORE_OPERATIONS_LISTENADDRESS: `${host}:${operations}`,
      CORE_CHAINCODE_STARTUPTIMEOUT: '60s',
      // Reaches the chaincode's builder; the peer's own store of temporary files stays here too.
      TMPDIR: folder,
      ...node.peerEnv,
    },
  });
  return {
    server,
    endpoint: {
      address,
      hostname: 'localhost',
      mspId: organization.mspId,
      tlsRoot: organization.tls.certificate,
    },
  };
}

/** The folders `msp` and `tls` of a node, as the pods get them from their Secrets. */
async function writeIdentity(node: Node): Promise<{ signing: KeyPair; tls: KeyPair }> {
  const { organization, folder, name, kind } = node;
  const signing = await organization.msp.issue({ name, unit: kind });
  const tls = await organization.tls.issue({ name, hosts });
  const unit = (value: string) => ({ OrganizationalUnitIdentifier: value });
  const nodeOus = {
    NodeOUs: {
      Enable: true,
      ClientOUIdentifier: unit('client'),
      PeerOUIdentifier: unit('peer'),
      AdminOUIdentifier: unit('admin'),
      OrdererOUIdentifier: unit('orderer'),
    },
  };
  const files = {
    'msp/cacerts/ca.pem': organization.msp.certificate,
    'msp/tlscacerts/tlsca.pem': organization.tls.certificate,
    'msp/signcerts/cert.pem': signing.certificate,
    'msp/keystore/key.pem': signing.privateKey,
    'msp/config.yaml': stringify(nodeOus),
    'tls/ca.crt': organization.tls.certificate,
    'tls/tls.crt': tls.certificate,
    'tls/tls.key': tls.privateKey,
  };
  for (const [path, content] of Object.entries(files)) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o600 });
  }
  return { signing, tls };
}
