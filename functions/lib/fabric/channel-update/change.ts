/** Edits of a channel's configuration: what every change is made with. */
import { common } from '@hyperledger/fabric-protos';
import { BadRequest } from '../../errors.ts';
import { type Message, modPolicy } from '../genesis/config.ts';

/**
 * Says what a configuration is to be. It leaves what it is given as it is, and a configuration
 * that is so already the same: a change made twice is no difference.
 */
export type Change = (config: common.Config) => common.Config;

/**
 * A change of one group.
 *
 * @param path names of groups below the channel's own, as `Orderer`, `farm`
 * @throws BadRequest when there is no such group
 */
export function changeGroup(
  path: readonly string[],
  edit: (group: common.ConfigGroup) => void,
): Change {
  return (config) => {
    const copy = common.Config.deserializeBinary(config.serializeBinary());
    edit(groupAt(copy, path));
    return copy;
  };
}

function groupAt(config: common.Config, path: readonly string[]): common.ConfigGroup {
  let group = config.getChannelGroup();
  for (const name of path) group = group?.getGroupsMap().get(name);
  if (!group) throw new BadRequest(`the channel has no group ${path.join('/')}`);
  return group;
}

/** A value of a group; empty where there is none. */
export function valueIn<T>(
  group: common.ConfigGroup,
  name: string,
  type: { deserializeBinary(bytes: Uint8Array): T },
): T {
  const value = group.getValuesMap().get(name)?.getValue_asU8();
  return type.deserializeBinary(value ?? new Uint8Array());
}

/** Sets a value. Who may change it stays as it is; a new one is for admins to change. */
export function putValue(group: common.ConfigGroup, name: string, message: Message): void {
  const value = new common.ConfigValue();
  value.setValue(message.serializeBinary());
  value.setModPolicy(group.getValuesMap().get(name)?.getModPolicy() ?? modPolicy);
  group.getValuesMap().set(name, value);
}

/** Sets a policy, as `putValue` a value. */
export function putPolicy(group: common.ConfigGroup, name: string, policy: common.Policy): void {
  const entry = new common.ConfigPolicy();
  entry.setPolicy(policy);
  entry.setModPolicy(group.getPoliciesMap().get(name)?.getModPolicy() ?? modPolicy);
  group.getPoliciesMap().set(name, entry);
}
