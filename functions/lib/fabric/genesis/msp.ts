/** An organization's membership service provider, as the channel knows it: its CAs and NodeOUs. */
import { msp } from '@hyperledger/fabric-protos';
import { certificateBytes } from './config.ts';

/** The MSP type of X.509 membership (`bccsp` in Fabric's configuration files). */
const x509Type = 0;

export interface MspSpec {
  mspId: string;
  /** The CA of the organization's identities, PEM. */
  rootCert: string;
  /** The CA of its TLS certificates, PEM. */
  tlsRootCert: string;
}

/**
 * The MSP with roles told apart by the certificate's organizational unit (NodeOUs): `client`,
 * `peer`, `admin`, `orderer`. No admin certificates are listed: admins are who the CA says.
 */
export function mspConfig({ mspId, rootCert, tlsRootCert }: MspSpec): msp.MSPConfig {
  const crypto = new msp.FabricCryptoConfig();
  crypto.setSignatureHashFamily('SHA2');
  crypto.setIdentityIdentifierHashFunction('SHA256');

  const fabric = new msp.FabricMSPConfig();
  fabric.setName(mspId);
  fabric.setRootCertsList([certificateBytes(rootCert)]);
  fabric.setTlsRootCertsList([certificateBytes(tlsRootCert)]);
  fabric.setCryptoConfig(crypto);
  fabric.setFabricNodeOus(nodeOus());

  const config = new msp.MSPConfig();
  config.setType(x509Type);
  config.setConfig(fabric.serializeBinary());
  return config;
}

function nodeOus(): msp.FabricNodeOUs {
  const units = new msp.FabricNodeOUs();
  units.setEnable(true);
  units.setClientOuIdentifier(unit('client'));
  units.setPeerOuIdentifier(unit('peer'));
  units.setAdminOuIdentifier(unit('admin'));
  units.setOrdererOuIdentifier(unit('orderer'));
  return units;
}

function unit(name: string): msp.FabricOUIdentifier {
  const identifier = new msp.FabricOUIdentifier();
  identifier.setOrganizationalUnitIdentifier(name);
  return identifier;
}
