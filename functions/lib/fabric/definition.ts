/** Chaincode definitions: what organizations approve and a channel commits. */
import { peer } from '@hyperledger/fabric-protos';
import { endorsementPolicy, signaturePolicy } from './signature-policy.ts';

/** A private data collection. */
export interface Collection {
  name: string;
  /** Signature policy text over member organizations: `OR('FarmMSP.member')`. */
  policy: string;
  requiredPeerCount: number;
  maxPeerCount: number;
  /** Blocks after which the data is purged; 0 keeps it. */
  blockToLive?: number;
  memberOnlyRead?: boolean;
  memberOnlyWrite?: boolean;
}

export interface Definition {
  name: string;
  version: string;
  /** 1 for the first definition of this name on the channel, one more for each change. */
  sequence: number;
  /**
   * Signature policy text, or the path of a policy of the channel, or the bytes that a peer
   * reports; default: the channel's.
   */
  endorsementPolicy?: string | Uint8Array;
  /** Collections, or the bytes that a peer reports. */
  collections?: readonly Collection[] | Uint8Array;
  initRequired?: boolean;
}

/** A definition as a peer reports it: policy and collections serialised, for comparison. */
export interface StoredDefinition {
  name: string;
  version: string;
  sequence: number;
  validationParameter: Buffer;
  collections: Buffer;
  initRequired: boolean;
}

/** The setters shared by the lifecycle's argument messages. */
interface DefinitionMessage {
  setName(name: string): void;
  setVersion(version: string): void;
  setSequence(sequence: number): void;
  setEndorsementPlugin(plugin: string): void;
  setValidationPlugin(plugin: string): void;
  setValidationParameter(parameter: Uint8Array): void;
  setCollections(collections?: peer.CollectionConfigPackage): void;
  setInitRequired(required: boolean): void;
}

/** Fills an argument message. All is set, defaults too: organizations must agree on every byte. */
export function fill<M extends DefinitionMessage>(message: M, definition: Definition): M {
  message.setName(definition.name);
  message.setVersion(definition.version);
  message.setSequence(definition.sequence);
  message.setEndorsementPlugin('escc');
  message.setValidationPlugin('vscc');
  message.setValidationParameter(policyOf(definition));
  if (definition.collections?.length) message.setCollections(packageOf(definition.collections));
  message.setInitRequired(definition.initRequired ?? false);
  return message;
}

/** The getters shared by the lifecycle's answers. */
interface DefinitionResult {
  getVersion(): string;
  getSequence(): number;
  getValidationParameter_asU8(): Uint8Array;
  getCollections(): { serializeBinary(): Uint8Array } | undefined;
  getInitRequired(): boolean;
}

/** Reads an answer; the name is not in every one of them. */
export function stored(name: string, result: DefinitionResult): StoredDefinition {
  return {
    name,
    version: result.getVersion(),
    sequence: result.getSequence(),
    validationParameter: Buffer.from(result.getValidationParameter_asU8()),
    collections: Buffer.from(result.getCollections()?.serializeBinary() ?? []),
    initRequired: result.getInitRequired(),
  };
}

/**
 * Whether what a peer has is what is wanted, the sequence aside: a sequence says which change
 * it is, not what it says.
 */
export function sameDefinition(wanted: Definition, found: StoredDefinition): boolean {
  const policy = policyOf(wanted);
  const collections = wanted.collections?.length
    ? packageOf(wanted.collections).serializeBinary()
    : new Uint8Array();
  return (
    wanted.name === found.name &&
    wanted.version === found.version &&
    (wanted.initRequired ?? false) === found.initRequired &&
    found.validationParameter.equals(policy) &&
    found.collections.equals(collections)
  );
}

function policyOf({ endorsementPolicy: policy }: Definition): Uint8Array {
  return policy instanceof Uint8Array ? policy : endorsementPolicy(policy);
}

function packageOf(collections: readonly Collection[] | Uint8Array): peer.CollectionConfigPackage {
  if (collections instanceof Uint8Array) {
    return peer.CollectionConfigPackage.deserializeBinary(collections);
  }
  const message = new peer.CollectionConfigPackage();
  message.setConfigList(collections.map(configOf));
  return message;
}

function configOf(collection: Collection): peer.CollectionConfig {
  const members = new peer.CollectionPolicyConfig();
  members.setSignaturePolicy(signaturePolicy(collection.policy));
  const fixed = new peer.StaticCollectionConfig();
  fixed.setName(collection.name);
  fixed.setMemberOrgsPolicy(members);
  fixed.setRequiredPeerCount(collection.requiredPeerCount);
  fixed.setMaximumPeerCount(collection.maxPeerCount);
  fixed.setBlockToLive(collection.blockToLive ?? 0);
  fixed.setMemberOnlyRead(collection.memberOnlyRead ?? false);
  fixed.setMemberOnlyWrite(collection.memberOnlyWrite ?? false);
  const config = new peer.CollectionConfig();
  config.setStaticCollectionConfig(fixed);
  return config;
}
