/** A channel of two organizations that both order and transact. */
import type { GenesisSpec, OrganizationSpec } from '../../../../functions/lib/fabric/genesis.ts';
import { createOrganization, type TestOrganization } from './identities.ts';

export const farm = await createOrganization('farm', 'FarmMSP');
export const shop = await createOrganization('shop', 'ShopMSP');

export const organization = (one: TestOrganization, changes: Partial<OrganizationSpec> = {}) => ({
  name: one.name,
  mspId: one.mspId,
  rootCert: one.msp.certificate,
  tlsRootCert: one.tls.certificate,
  anchorPeers: [{ host: `${one.name}-peer-0`, port: 7051 }],
  isOrderer: true,
  isApplication: true,
  ...changes,
});

/** Four orderers, two of each. */
export const nodes = await Promise.all(
  [farm, farm, shop, shop].map(async (one, index) => {
    const { certificate } = await one.tls.issue({ name: `orderer-${index}` });
    return {
      organization: one.name,
      host: `${one.name}-orderer-${index}`,
      port: 7050,
      clientTlsCert: certificate,
      serverTlsCert: certificate,
      identity: certificate,
    };
  }),
);

/** Ordered by the first three. */
export const spec = (changes: Partial<GenesisSpec> = {}): GenesisSpec => ({
  channel: 'goods',
  consensus: 'raft',
  orderers: nodes.slice(0, 3),
  organizations: [organization(farm), organization(shop)],
  ...changes,
});
