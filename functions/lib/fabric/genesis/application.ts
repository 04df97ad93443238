/** The application group: the organizations that transact on the channel, and by which rules. */
import { peer, type common } from '@hyperledger/fabric-protos';
import { capabilities, configGroup, implicitMeta, signedBy } from './config.ts';
import { mspConfig } from './msp.ts';
import type { OrganizationSpec } from './spec.ts';

/**
 * The group `Application`. Chaincode definitions and, by default, transactions need the peers of
 * a majority of the organizations. ACLs are left out: Fabric's defaults are what is wanted.
 */
export function applicationGroup(organizations: readonly OrganizationSpec[]): common.ConfigGroup {
  return configGroup({
    values: { Capabilities: capabilities('V2_5') },
    policies: {
      Readers: implicitMeta('ANY', 'Readers'),
      Writers: implicitMeta('ANY', 'Writers'),
      Admins: implicitMeta('MAJORITY', 'Admins'),
      LifecycleEndorsement: implicitMeta('MAJORITY', 'Endorsement'),
      Endorsement: implicitMeta('MAJORITY', 'Endorsement'),
    },
    groups: Object.fromEntries(organizations.map((spec) => [spec.name, organizationGroup(spec)])),
  });
}

function organizationGroup(spec: OrganizationSpec): common.ConfigGroup {
  const { mspId, anchorPeers = [] } = spec;
  return configGroup({
    values: {
      MSP: mspConfig(spec),
      ...(anchorPeers.length === 0 ? {} : { AnchorPeers: anchors(anchorPeers) }),
    },
    policies: {
      Readers: signedBy(`OR('${mspId}.admin', '${mspId}.peer', '${mspId}.client')`),
      Writers: signedBy(`OR('${mspId}.admin', '${mspId}.client')`),
      Admins: signedBy(`OR('${mspId}.admin')`),
      Endorsement: signedBy(`OR('${mspId}.peer')`),
    },
  });
}

function anchors(endpoints: readonly { host: string; port: number }[]): peer.AnchorPeers {
  const message = new peer.AnchorPeers();
  message.setAnchorPeersList(
    endpoints.map(({ host, port }) => {
      const anchor = new peer.AnchorPeer();
      anchor.setHost(host);
      anchor.setPort(port);
      return anchor;
    }),
  );
  return message;
}
