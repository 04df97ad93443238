import type { KubernetesObject } from '../../lib/kubernetes/client.ts';
import { podFields, variables } from './env.ts';
import { type MemberProgram, paths } from './member-pod.ts';
import { services, statefulSet } from './members.ts';
import { ports } from './names.ts';
import type { Group, Plan } from './plan.ts';

/** What one organization's orderers are made of, in the order to apply it. */
export function ordererResources(plan: Plan, group: Group): KubernetesObject[] {
  const program = ordererProgram(plan, group);
  return [...services(plan, group, program.ports), statefulSet(plan, group, program)];
}

function ordererProgram({ settings }: Plan, { mspId }: Group): MemberProgram {
  const tls = {
    certificate: `${paths.tls}/tls.crt`,
    key: `${paths.tls}/tls.key`,
    ca: `[${paths.tls}/ca.crt]`,
  };
  const ledger = `${paths.data}/orderer`;
  return {
    image: settings.images.orderer,
    env: [
      ...podFields({ SELVEDGE_POD_NAME: 'metadata.name' }),
      ...variables({
        FABRIC_LOGGING_SPEC: 'info',
        FABRIC_LOGGING_FORMAT: 'json',
        ORDERER_GENERAL_LISTENADDRESS: '0.0.0.0',
        ORDERER_GENERAL_LISTENPORT: ports.orderer,
        ORDERER_GENERAL_BOOTSTRAPMETHOD: 'none',
        ORDERER_GENERAL_LOCALMSPID: mspId,
        ORDERER_GENERAL_LOCALMSPDIR: paths.msp,
        ORDERER_GENERAL_TLS_ENABLED: true,
        ORDERER_GENERAL_TLS_CERTIFICATE: tls.certificate,
        ORDERER_GENERAL_TLS_PRIVATEKEY: tls.key,
        ORDERER_GENERAL_TLS_ROOTCAS: tls.ca,
        ORDERER_GENERAL_CLUSTER_CLIENTCERTIFICATE: tls.certificate,
        ORDERER_GENERAL_CLUSTER_CLIENTPRIVATEKEY: tls.key,
        ORDERER_GENERAL_CLUSTER_ROOTCAS: tls.ca,
        // Peers and functions look every 10 s: one that is a little early must not be sent away.
        ORDERER_GENERAL_KEEPALIVE_SERVERMININTERVAL: '5s',
        // How long an orderer that is away is left alone: two minutes, if Fabric were asked.
        ORDERER_GENERAL_BACKOFF_BASEDELAY: '200ms',
        ORDERER_GENERAL_BACKOFF_MAXDELAY: '2s',
        ORDERER_FILELEDGER_LOCATION: ledger,
        ORDERER_CONSENSUS_WALDIR: `${ledger}/etcdraft/wal`,
        ORDERER_CONSENSUS_SNAPDIR: `${ledger}/etcdraft/snapshot`,
        ORDERER_CHANNELPARTICIPATION_ENABLED: true,
        ORDERER_CHANNELPARTICIPATION_MAXREQUESTBODYSIZE: 10485760,
        ORDERER_ADMIN_LISTENADDRESS: `0.0.0.0:${ports.ordererAdmin}`,
        ORDERER_ADMIN_TLS_ENABLED: true,
        ORDERER_ADMIN_TLS_CERTIFICATE: tls.certificate,
        ORDERER_ADMIN_TLS_PRIVATEKEY: tls.key,
        ORDERER_ADMIN_TLS_CLIENTAUTHREQUIRED: true,
        // Its own CA: whoever has a TLS certificate as a member may not administer.
        ORDERER_ADMIN_TLS_CLIENTROOTCAS: `[${paths.tls}/admin-ca.crt]`,
        ORDERER_OPERATIONS_LISTENADDRESS: `0.0.0.0:${ports.ordererOperations}`,
        ORDERER_METRICS_PROVIDER: 'prometheus',
      }),
    ],
    ports: {
      orderer: ports.orderer,
      admin: ports.ordererAdmin,
      operations: ports.ordererOperations,
    },
    operationsPort: ports.ordererOperations,
    memory: { request: '64Mi', limit: '512Mi' },
    graceSeconds: 15,
  };
}
