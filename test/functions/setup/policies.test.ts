import test from 'ava';
import { loginRole, policies, vaultUsers } from '../../../functions/setup/policies.ts';

/** Paths and their capabilities, read off the policy's text. */
function grants(policy: string): Record<string, string[]> {
  const found = policy.matchAll(/path "([^"]+)"\s*\{[^}]*?capabilities\s*=\s*\[([^\]]*)\]/g);
  return Object.fromEntries(
    [...found].map(([, path = '', list = '']) => [path, list.replaceAll('"', '').split(', ')]),
  );
}

const forbidden: Record<(typeof vaultUsers)[number], RegExp> = {
  'data-put': /decrypt|export|^sys|^auth|^fabric/,
  'data-get': /encrypt|datakey|keys|hmac|export|^sys|^auth|^fabric/,
  keys: /datakey|crypt|hmac|export|import|^sys|^auth|^fabric/,
  provisioning: /transit|^auth|policies|^sys\/(?!mounts\/fabric\/)/,
  failover: /transit|^auth|^selvedge|^fabric|^sys\/(?!storage\/raft\/(configuration|remove-peer)$)/,
};

for (const user of vaultUsers) {
  test(`${user} gets nothing that is another's`, (t) => {
    const paths = Object.keys(grants(policies[user]));
    t.true(paths.length > 0);
    for (const path of paths) t.notRegex(path, forbidden[user]);
  });

  test(`${user} logs in by its own service account, with a token for Vault only`, (t) => {
    t.like(loginRole(user, 'selvedge'), {
      bound_subject: `system:serviceaccount:selvedge:${user}`,
      bound_audiences: ['vault'],
      token_policies: [user],
    });
  });
}

test('nobody has sudo, and only the owner of a path may write to it', (t) => {
  for (const user of vaultUsers) t.notRegex(policies[user], /sudo|root/);
  t.deepEqual(grants(policies['data-put'])['selvedge/data/networks/*'], ['read']);
  t.deepEqual(grants(policies['data-get'])['selvedge/data/networks/*'], ['read']);
});

test('a user’s key is made with one parameter only, so that none can be made exportable', (t) => {
  t.regex(policies['data-put'], /allowed_parameters = \{ "type" = \["aes256-gcm96"\] \}/);
});
