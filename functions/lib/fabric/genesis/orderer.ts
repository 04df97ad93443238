/** The orderer group: who orders the channel's transactions, how they agree, when blocks are cut. */
import { common, orderer } from '@hyperledger/fabric-protos';
import { capabilities, configGroup, implicitMeta, signedBy, type Message } from './config.ts';
import { consensusOf } from './consensus.ts';
import { mspConfig } from './msp.ts';
import type { GenesisSpec, OrganizationSpec } from './spec.ts';

/**
 * A lone transaction waits this long for company before its block is cut. Puts are grouped
 * before they reach the chain, so there is little company to wait for, and each waits in full.
 */
const batchTimeout = '100ms';

/** Blocks stay far below gRPC's 100 MB; a block beyond `preferred` holds one big transaction. */
const batchSize = {
  messages: 500,
  absoluteBytes: 10 * 1024 * 1024,
  preferredBytes: 2 * 1024 * 1024,
};

/** The group `Orderer`. */
export function ordererGroup(spec: GenesisSpec): common.ConfigGroup {
  const { values, blockValidation } = consensusOf(spec);
  return configGroup({
    values: {
      ...values,
      ...blockCutting(),
      ChannelRestrictions: new orderer.ChannelRestrictions(),
      Capabilities: capabilities('V2_0'),
    },
    policies: {
      Readers: implicitMeta('ANY', 'Readers'),
      Writers: implicitMeta('ANY', 'Writers'),
      Admins: implicitMeta('MAJORITY', 'Admins'),
      BlockValidation: blockValidation,
    },
    groups: Object.fromEntries(
      spec.organizations
        .filter(({ isOrderer }) => isOrderer)
        .map((organization) => [organization.name, organizationGroup(organization, spec)]),
    ),
  });
}

function blockCutting(): Record<string, Message> {
  const size = new orderer.BatchSize();
  size.setMaxMessageCount(batchSize.messages);
  size.setAbsoluteMaxBytes(batchSize.absoluteBytes);
  size.setPreferredMaxBytes(batchSize.preferredBytes);
  const timeout = new orderer.BatchTimeout();
  timeout.setTimeout(batchTimeout);
  return { BatchSize: size, BatchTimeout: timeout };
}

function organizationGroup(organization: OrganizationSpec, spec: GenesisSpec): common.ConfigGroup {
  const { mspId, name } = organization;
  const endpoints = new common.OrdererAddresses();
  endpoints.setAddressesList(
    spec.orderers
      .filter((node) => node.organization === name)
      .map(({ host, port }) => `${host}:${port}`),
  );
  return configGroup({
    values: { MSP: mspConfig(organization), Endpoints: endpoints },
    policies: {
      Readers: signedBy(`OR('${mspId}.member')`),
      Writers: signedBy(`OR('${mspId}.member')`),
      Admins: signedBy(`OR('${mspId}.admin')`),
      BlockSigners: signedBy(`OR('${mspId}.orderer')`),
    },
  });
}
