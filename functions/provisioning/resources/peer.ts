import type { KubernetesObject, EnvVar } from '../../lib/kubernetes/client.ts';
import { podFields, variables } from './env.ts';
import { type MemberProgram, paths } from './member-pod.ts';
import { services, statefulSet } from './members.ts';
import { host, launcher, mostMembers, ports, volumeName } from './names.ts';
import type { Group, Plan } from './plan.ts';

/** What one organization's peers are made of, in the order to apply it. */
export function peerResources(plan: Plan, group: Group): KubernetesObject[] {
  const program = peerProgram(plan, group);
  return [...services(plan, group, program.ports), statefulSet(plan, group, program)];
}

function peerProgram(plan: Plan, group: Group): MemberProgram {
  return {
    image: plan.settings.images.peer,
    env: [...launcherEnv(plan, group), ...fabricEnv(plan, group)],
    ports: {
      peer: ports.peer,
      chaincode: ports.chaincode,
      operations: ports.peerOperations,
    },
    operationsPort: ports.peerOperations,
    memory: { request: '128Mi', limit: '768Mi' },
    serviceAccountName: launcher(plan.id, group.organization),
    graceSeconds: 20,
  };
}

/** For our launcher (fabric-peer-fork). Kept in front: later values refer to the pod's name. */
function launcherEnv({ id, settings }: Plan, { organization }: Group): EnvVar[] {
  return [
    ...podFields({
      SELVEDGE_NAMESPACE: 'metadata.namespace',
      SELVEDGE_POD_NAME: 'metadata.name',
      SELVEDGE_POD_UID: 'metadata.uid',
      SELVEDGE_POD_IP: 'status.podIP',
      SELVEDGE_NODE_NAME: 'spec.nodeName',
    }),
    ...variables({
      SELVEDGE_NETWORK: id.network,
      SELVEDGE_ORGANIZATION: organization,
      SELVEDGE_VOLUME_CLAIM: `${volumeName}-$(SELVEDGE_POD_NAME)`,
      SELVEDGE_VOLUME_PATH: paths.data,
      SELVEDGE_CHAINCODE_IMAGE: settings.images.chaincode,
      SELVEDGE_CHAINCODE_LISTEN: `0.0.0.0:${ports.chaincode}`,
    }),
  ];
}

function fabricEnv({ id }: Plan, { organization, mspId, members }: Group): EnvVar[] {
  // The member's Service is called as its pod.
  const self = `$(SELVEDGE_POD_NAME).${id.namespace}.svc.${id.domain}`;
  // Two members are enough to be found by; naming more would restart all when one is added.
  const known = Array.from({ length: Math.min(members, 2) }, (_, ordinal) =>
    [host(id, organization, 'peer', ordinal), ports.peer].join(':'),
  );
  return variables({
    FABRIC_LOGGING_SPEC: 'info',
    FABRIC_LOGGING_FORMAT: 'json',
    CORE_PEER_ID: '$(SELVEDGE_POD_NAME)',
    CORE_PEER_NETWORKID: `${id.namespace}.${id.network}`,
    CORE_PEER_LOCALMSPID: mspId,
    CORE_PEER_MSPCONFIGPATH: paths.msp,
    CORE_PEER_LISTENADDRESS: `0.0.0.0:${ports.peer}`,
    CORE_PEER_ADDRESS: `${self}:${ports.peer}`,
    // Chaincode connects to the launcher's relay, which alone uses Fabric's own listener.
    CORE_PEER_CHAINCODELISTENADDRESS: `127.0.0.1:${ports.chaincodePrivate}`,
    CORE_PEER_CHAINCODEADDRESS: `127.0.0.1:${ports.chaincodePrivate}`,
    CORE_PEER_FILESYSTEMPATH: paths.data,
    CORE_LEDGER_SNAPSHOTS_ROOTDIR: `${paths.data}/snapshots`,
    CORE_LEDGER_STATE_STATEDATABASE: 'goleveldb',
    CORE_PEER_TLS_ENABLED: true,
    CORE_PEER_TLS_CERT_FILE: `${paths.tls}/tls.crt`,
    CORE_PEER_TLS_KEY_FILE: `${paths.tls}/tls.key`,
    CORE_PEER_TLS_ROOTCERT_FILE: `${paths.tls}/ca.crt`,
    CORE_PEER_TLS_CLIENTAUTHREQUIRED: false,
    CORE_PEER_KEEPALIVE_MININTERVAL: '10s',
    CORE_PEER_GATEWAY_ENABLED: true,
    CORE_PEER_GATEWAY_ENDORSEMENTTIMEOUT: '30s',
    // An orderer that is silent so long is passed over for the next.
    CORE_PEER_GATEWAY_DIALTIMEOUT: '1s',
    CORE_PEER_GATEWAY_BROADCASTTIMEOUT: '1500ms',
    CORE_OPERATIONS_LISTENADDRESS: `0.0.0.0:${ports.peerOperations}`,
    CORE_METRICS_PROVIDER: 'prometheus',
    CORE_CHAINCODE_EXECUTETIMEOUT: '30s',
    CORE_CHAINCODE_STARTUPTIMEOUT: '60s',
    CORE_PEER_GOSSIP_ENDPOINT: `${self}:${ports.peer}`,
    CORE_PEER_GOSSIP_EXTERNALENDPOINT: `${self}:${ports.peer}`,
    CORE_PEER_GOSSIP_BOOTSTRAP: known.join(' '),
    ...delivery,
    ...gossip,
  });
}

/**
 * How a peer gets its blocks: from an orderer, from its organization's other peers, who pass theirs on,
 * and from any peer that it sees ahead. An orderer whose machine is gone says nothing, not even that; by
 * Fabric's defaults a peer listens to it for 80 s more. gRPC looks every 10 s at the most.
 */
export const delivery = {
  CORE_PEER_KEEPALIVE_DELIVERYCLIENT_INTERVAL: '10s',
  CORE_PEER_KEEPALIVE_DELIVERYCLIENT_TIMEOUT: '3s',
  CORE_PEER_DELIVERYCLIENT_CONNTIMEOUT: '1s',
  // After an hour without orderers the next try would be many minutes away.
  CORE_PEER_DELIVERYCLIENT_RECONNECTBACKOFFTHRESHOLD: '5s',
  CORE_PEER_DELIVERYCLIENT_BLOCKGOSSIPENABLED: true,
  CORE_PEER_GOSSIP_STATE_ENABLED: true,
  CORE_PEER_GOSSIP_STATE_CHECKINTERVAL: '2s',
};

/** Each peer pulls its blocks from the orderers: there is no leader to lose. */
const gossip = {
  CORE_PEER_GOSSIP_USELEADERELECTION: false,
  CORE_PEER_GOSSIP_ORGLEADER: true,
  CORE_PEER_GOSSIP_PVTDATA_IMPLICITCOLLECTIONDISSEMINATIONPOLICY_REQUIREDPEERCOUNT: 0,
  // An upper bound: it need not follow the number of peers.
  CORE_PEER_GOSSIP_PVTDATA_IMPLICITCOLLECTIONDISSEMINATIONPOLICY_MAXPEERCOUNT: mostMembers.peer - 1,
  CORE_PEER_GOSSIP_PVTDATA_PULLRETRYTHRESHOLD: '5s',
  CORE_PEER_GOSSIP_PVTDATA_RECONCILESLEEPINTERVAL: '5s',
  // Fabric's defaults are for wide networks; these see a member come or go within seconds.
  CORE_PEER_GOSSIP_PUBLISHSTATEINFOINTERVAL: '1s',
  CORE_PEER_GOSSIP_REQUESTSTATEINFOINTERVAL: '1s',
  CORE_PEER_GOSSIP_PULLINTERVAL: '1s',
  CORE_PEER_GOSSIP_PUBLISHCERTPERIOD: '2s',
  CORE_PEER_GOSSIP_ALIVETIMEINTERVAL: '2s',
  CORE_PEER_GOSSIP_ALIVEEXPIRATIONTIMEOUT: '8s',
  CORE_PEER_GOSSIP_RECONNECTINTERVAL: '4s',
};
