/** Who may do what in etcd: a user for each function, with a role over key prefixes. */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type Etcd3, Range, type IPermissionResult } from 'etcd3';

export interface Grant {
  permission: 'Read' | 'Readwrite';
  /** Every key that begins so. */
  prefix: string;
}

/** The user that may do everything. */
export const rootUser = 'root';

/** Whom the certificate of the members names: they replace one of theirs that lost its disk, which takes root's role. */
export const memberUser = 'etcd';

/** The rights of each user; its role has the same name. */
export type Grants = Readonly<Record<string, readonly Grant[]>>;

/** What of the SDK's client is used here. */
export type UserAdmin = Pick<Etcd3, 'auth' | 'getRoles' | 'getUsers' | 'role' | 'user'>;

/**
 * Brings etcd to know the users with just these rights, and to ask everybody who they are. Whoever
 * connects is the user that its certificate names (its common name). Every step looks first, so it may
 * end anywhere and run again.
 *
 * @param client connected with the certificate of `root`
 */
export async function restrict(client: UserAdmin, grants: Grants): Promise<void> {
  for (const name of [rootUser, memberUser]) await provideUser(client, name, rootUser);
  for (const [name, wanted] of Object.entries(grants)) {
    await provideUser(client, name, name);
    await permit(client, name, wanted);
  }
  await client.auth.authEnable();
}

/** A user with a role. Nobody knows its password: only the certificate opens. */
async function provideUser(client: UserAdmin, name: string, role: string): Promise<void> {
  const roles = await client.getRoles();
  if (!roles.some((one) => one.name === role)) await client.role(role).create();
  const users = await client.getUsers();
  const user = client.user(name);
  if (!users.some((one) => one.name === name)) await user.create(randomBytes(32).toString('hex'));
  const has = (await user.roles()).some((one) => one.name === role);
  if (!has) await user.addRole(role);
}

async function permit(client: UserAdmin, name: string, wanted: readonly Grant[]): Promise<void> {
  const role = client.role(name);
  const known = await role.permissions();
  const ranges = wanted.map(({ permission, prefix }) => ({
    permission,
    range: Range.prefix(prefix),
  }));
  for (const { permission, range } of known.filter((one) => !ranges.some(same(one))))
    await role.revoke({ permission, range });
  for (const grant of ranges.filter((one) => !known.some(same(one)))) await role.grant(grant);
}

const same =
  (one: IPermissionResult) =>
  (other: IPermissionResult): boolean =>
    one.permission === other.permission &&
    isDeepStrictEqual(Buffer.from(one.range.start), Buffer.from(other.range.start)) &&
    isDeepStrictEqual(Buffer.from(one.range.end), Buffer.from(other.range.end));
