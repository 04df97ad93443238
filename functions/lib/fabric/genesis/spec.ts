/** What a channel is made of, for `channelGenesis`. Certificates are PEM. */

/** An ordering service node. Its TLS certificates are pinned: a new one needs a channel update. */
export interface OrdererSpec {
  /** The name of the organization that runs it. */
  organization: string;
  host: string;
  port: number;
  clientTlsCert: string;
  serverTlsCert: string;
  /** Its signing certificate: needed for consensus `bft`, where blocks carry a quorum of these. */
  identity?: string;
}

/** An orderer as its channel knows it: with the MSP id of who runs it. */
export type ConsenterSpec = Omit<OrdererSpec, 'organization'> & { mspId: string };

export interface OrganizationSpec {
  name: string;
  mspId: string;
  /** The CA of the organization's identities. */
  rootCert: string;
  /** The CA of its TLS certificates. */
  tlsRootCert: string;
  /** Where peers of other organizations first find this one's. */
  anchorPeers?: readonly { host: string; port: number }[];
  /** Whether it runs orderers of the channel, whether it takes part in its transactions. */
  isOrderer: boolean;
  isApplication: boolean;
}

export interface GenesisSpec {
  channel: string;
  consensus: 'raft' | 'bft';
  orderers: readonly OrdererSpec[];
  organizations: readonly OrganizationSpec[];
}
