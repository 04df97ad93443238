import test from 'ava';
import { common } from '@hyperledger/fabric-protos';
import { computeUpdate } from '../../../../../functions/lib/fabric/channel-update/compute.ts';

/** A configuration in short: what stands after a name is its content, `@` its version. */
interface Shape {
  version?: number;
  modPolicy?: string;
  values?: Record<string, string>;
  policies?: Record<string, string>;
  groups?: Record<string, Shape>;
}

const split = (text: string): [content: string, version: number] => {
  const [content = '', version = '0'] = text.split('@');
  return [content, Number(version)];
};

function groupOf({ version = 0, modPolicy = 'Admins', ...parts }: Shape): common.ConfigGroup {
  const group = new common.ConfigGroup();
  group.setVersion(version);
  group.setModPolicy(modPolicy);
  for (const [name, text] of Object.entries(parts.values ?? {})) {
    const [content, at] = split(text);
    const value = new common.ConfigValue();
    value.setValue(Buffer.from(content));
    value.setVersion(at);
    value.setModPolicy('Admins');
    group.getValuesMap().set(name, value);
  }
  for (const [name, text] of Object.entries(parts.policies ?? {})) {
    const [content, at] = split(text);
    const policy = new common.Policy();
    policy.setValue(Buffer.from(content));
    const entry = new common.ConfigPolicy();
    entry.setPolicy(policy);
    entry.setVersion(at);
    entry.setModPolicy('Admins');
    group.getPoliciesMap().set(name, entry);
  }
  for (const [name, shape] of Object.entries(parts.groups ?? {})) {
    group.getGroupsMap().set(name, groupOf(shape));
  }
  return group;
}

function configOf(shape: Shape): common.Config {
  const config = new common.Config();
  config.setChannelGroup(groupOf(shape));
  return config;
}

/** A set as text: every element with its version, and what of it is sent. */
function told(group: common.ConfigGroup): string {
  const parts: string[] = [];
  group.getGroupsMap().forEach((one, name) => parts.push(`${name}/${told(one)}`));
  group.getValuesMap().forEach((one, name) => {
    parts.push(`${name}@${one.getVersion()}${sent(one.getValue_asU8())}`);
  });
  group.getPoliciesMap().forEach((one, name) => {
    const content = one.getPolicy()?.getValue_asU8() ?? new Uint8Array();
    parts.push(`${name}@${one.getVersion()}${sent(content)}`);
  });
  return `@${group.getVersion()}${group.getModPolicy()}{${parts.join(' ')}}`;
}

const sent = (bytes: Uint8Array): string =>
  bytes.length > 0 ? `=${Buffer.from(bytes).toString()}` : '';

const before: Shape = {
  version: 1,
  values: { Size: 'one@4', Time: 'slow' },
  policies: { Writers: 'any@2' },
  groups: { Farm: { version: 7, values: { MSP: 'farm@3' } }, Shop: { values: { MSP: 'shop' } } },
};

const farm = before.groups!['Farm']!;

const table: [sentence: string, after: Shape, read: string, write: string][] = [
  [
    'a value is other',
    { ...before, values: { Size: 'two@4', Time: 'slow' } },
    '@1{}',
    '@1{Size@5=two}',
  ],
  ['a policy is other', { ...before, policies: { Writers: 'all@2' } }, '@1{}', '@1{Writers@3=all}'],
  [
    'a value comes: the group names all that it has',
    { ...before, values: { ...before.values, New: 'n' } },
    '@1{Farm/@7{} Shop/@0{} Size@4 Time@0 Writers@2}',
    '@2Admins{Farm/@7{} Shop/@0{} New@0=n Size@4 Time@0 Writers@2}',
  ],
  [
    'a value goes',
    { ...before, values: { Size: 'one@4' } },
    '@1{Farm/@7{} Shop/@0{} Size@4 Writers@2}',
    '@2Admins{Farm/@7{} Shop/@0{} Size@4 Writers@2}',
  ],
  [
    'a value of a group below is other',
    { ...before, groups: { ...before.groups, Farm: { ...farm, values: { MSP: 'barn@3' } } } },
    '@1{Farm/@7{}}',
    '@1{Farm/@7{MSP@4=barn}}',
  ],
  [
    'a value comes to a group below',
    {
      ...before,
      groups: { ...before.groups, Farm: { ...farm, values: { MSP: 'farm@3', Anchors: 'a' } } },
    },
    '@1{Farm/@7{MSP@3}}',
    '@1{Farm/@8Admins{Anchors@0=a MSP@3}}',
  ],
  [
    'a group comes',
    { ...before, groups: { ...before.groups, Bank: { values: { MSP: 'bank' } } } },
    '@1{Farm/@7{} Shop/@0{} Size@4 Time@0 Writers@2}',
    '@2Admins{Bank/@0Admins{MSP@0=bank} Farm/@7{} Shop/@0{} Size@4 Time@0 Writers@2}',
  ],
  [
    'a group goes',
    { ...before, groups: { Farm: farm } },
    '@1{Farm/@7{} Size@4 Time@0 Writers@2}',
    '@2Admins{Farm/@7{} Size@4 Time@0 Writers@2}',
  ],
  [
    'another policy guards the group',
    { ...before, modPolicy: 'Readers' },
    '@1{Farm/@7{} Shop/@0{} Size@4 Time@0 Writers@2}',
    '@2Readers{Farm/@7{} Shop/@0{} Size@4 Time@0 Writers@2}',
  ],
];
for (const [sentence, after, read, write] of table) {
  test(sentence, (t) => {
    const update = computeUpdate('goods', configOf(before), configOf(after))!;
    t.is(update.getChannelId(), 'goods');
    t.is(told(update.getReadSet()!), read);
    t.is(told(update.getWriteSet()!), write);
  });
}

test('without a difference there is no update, whatever the versions say', (t) => {
  t.is(computeUpdate('goods', configOf(before), configOf(before)), undefined);
  const other = { ...before, values: { Size: 'one@9', Time: 'slow' } };
  t.is(computeUpdate('goods', configOf(before), configOf(other)), undefined);
  t.is(computeUpdate('goods', new common.Config(), new common.Config()), undefined);
});
