const unit = (name: string): string => `{ OrganizationalUnitIdentifier: ${name} }`;

/** Fabric's `config.yaml` of an MSP: roles by the organizational unit of a certificate. */
export const nodeOus = `NodeOUs:
  Enable: true
  ClientOUIdentifier: ${unit('client')}
  PeerOUIdentifier: ${unit('peer')}
  AdminOUIdentifier: ${unit('admin')}
  OrdererOUIdentifier: ${unit('orderer')}
`;
