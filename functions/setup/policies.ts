/**
 * Who may do what in Vault: one policy and one login role per function, and nothing shared.
 * Pure texts; setup.ts writes them.
 */

/** The name of a policy, of its role, and of the Kubernetes service account it is for. */
export type VaultUser = 'data-put' | 'data-get' | 'keys' | 'provisioning' | 'failover';

/**
 * Policies in Vault's language.
 *
 * `data-put` makes users' keys and data keys, one by one or wrapped as a batch, and cannot open one again; under
 * a key that was destroyed it wraps nothing, for to make it anew is not its right. It notes whose key was made,
 * and cannot take that back; `data-get` opens data
 * keys and makes none, and reads whose were destroyed. `keys` looks after users' keys: it sees how old they are and
 * rotates and destroys them, and notes that; it neither makes a key nor opens a data key, which it only has wrapped
 * anew. `+` is one segment, so that what lies below a key (its configuration, its rotation) takes a right of its own;
 * `user-*` would match that as well. `provisioning` owns the PKI mounts
 * of networks, by their prefix, what functions need to reach them, and what it keeps for itself;
 * it says which networks were removed, and `data-put` takes that as the order to erase their data.
 * It makes the key that a network's data are named by, once, and cannot read it: the data functions do.
 * `failover` sees who the members of this Vault are, and removes one that lost its disk.
 */
export const policies: Record<VaultUser, string> = {
  'data-put': `
path "transit/keys/+" {
  capabilities       = ["create", "update"]
  allowed_parameters = { "type" = ["aes256-gcm96"] }
}
path "transit/datakey/plaintext/user-*" { capabilities = ["create", "update"] }
path "transit/encrypt/user-*" {
  capabilities       = ["update"]
  allowed_parameters = { "batch_input" = [] }
}
path "transit/hmac/user-*"              { capabilities = ["create", "update"] }
path "selvedge/data/users/*"            { capabilities = ["create", "read"] }
path "selvedge/data/networks/*"         { capabilities = ["read"] }
path "selvedge/data/names/*"            { capabilities = ["read"] }
path "selvedge/data/incarnations/*"     { capabilities = ["read"] }
path "selvedge/metadata/incarnations/*" { capabilities = ["list", "delete"] }
`,
  'data-get': `
path "transit/decrypt/user-*"   { capabilities = ["create", "update"] }
path "selvedge/data/networks/*" { capabilities = ["read"] }
path "selvedge/data/names/*"    { capabilities = ["read"] }
path "selvedge/data/users/*"    { capabilities = ["read"] }
`,
  keys: `
path "transit/keys/+" { capabilities = ["read", "delete"] }
path "transit/keys/+/config" {
  capabilities       = ["update"]
  allowed_parameters = { "deletion_allowed" = [true], "min_decryption_version" = [] }
}
path "transit/keys/+/rotate"        { capabilities = ["create", "update"] }
path "transit/rewrap/user-*"        { capabilities = ["create", "update"] }
path "selvedge/data/users/*"        { capabilities = ["create", "read", "update"] }
path "selvedge/data/key-work/*"     { capabilities = ["create", "read"] }
path "selvedge/metadata/key-work/*" { capabilities = ["list", "delete"] }
`,
  provisioning: `
path "sys/mounts/fabric/*"          { capabilities = ["create", "read", "update", "delete"] }
path "fabric/*"                     { capabilities = ["create", "read", "update", "delete", "list"] }
path "selvedge/data/networks/*"     { capabilities = ["create", "read", "update", "delete"] }
path "selvedge/metadata/networks/*" { capabilities = ["read", "list", "delete"] }
path "selvedge/data/names/*"        { capabilities = ["create"] }
path "selvedge/metadata/names/*"    { capabilities = ["read", "delete"] }
path "selvedge/data/incarnations/*" { capabilities = ["create", "update"] }
path "selvedge/data/fabric/*"       { capabilities = ["create", "read", "update"] }
path "selvedge/metadata/fabric/*"   { capabilities = ["read", "list", "delete"] }
`,
  failover: `
path "sys/storage/raft/configuration" { capabilities = ["read"] }
path "sys/storage/raft/remove-peer"   { capabilities = ["update"] }
`,
};

/** The functions that log in, in a fixed order. */
export const vaultUsers = Object.keys(policies) as VaultUser[];

/**
 * The body of `auth/jwt/role/<user>`: only the function's own service account, only with a token
 * made for Vault, and for a short time.
 */
export function loginRole(user: VaultUser, namespace: string): Record<string, unknown> {
  return {
    role_type: 'jwt',
    bound_audiences: ['vault'],
    bound_subject: `system:serviceaccount:${namespace}:${user}`,
    user_claim: 'sub',
    token_policies: [user],
    token_ttl: '20m',
    token_max_ttl: '24h',
  };
}
