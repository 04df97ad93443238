/** The anchor chaincode as a package, as provisioning makes it from its image's files. */
import { chaincodePackage, type ChaincodePackage } from '../../../functions/lib/fabric/package.ts';
import { anchorFiles } from '../../../scripts/cluster/images/bundle.ts';

export async function anchorPackage(label = 'anchor_1'): Promise<ChaincodePackage> {
  return chaincodePackage({ label, type: 'node', files: await anchorFiles() });
}
