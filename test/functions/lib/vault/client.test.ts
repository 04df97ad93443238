import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { connectVault, VaultUnavailable } from '../../../../functions/lib/vault/client.ts';

/** What a member answers: a status and a body. */
type Answer = (path: string, token: string) => [status: number, body: object];

/** Servers that answer as told; their addresses, and the file with a token for the login. */
async function members(t: ExecutionContext, ...answers: Answer[]) {
  const folder = mkdtempSync(join(tmpdir(), 'vault-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'jwt');
  const listening = answers.map(async (answer) => {
    const listener: RequestListener = (request, response) => {
      const path = (request.url ?? '').replace('/v1/', '');
      const [status, body] = answer(path, String(request.headers['x-vault-token']));
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  return { addresses: await Promise.all(listening), tokenFile };
}

const leading: ReturnType<Answer> = [200, { is_self: true }];
const standby: ReturnType<Answer> = [200, { is_self: false }];

/** It leads, and does what it is asked. */
const byAnother: Answer = (path) => {
  if (path === 'sys/leader') return leading;
  return [200, path === 'auth/jwt/login' ? login : { data: { by: 'another' } }];
};

const login = { auth: { client_token: 'token', lease_duration: 600 } };

test('many calls at once log in once, also when the token is refused', async (t) => {
  let logins = 0;
  const { addresses, tokenFile } = await members(t, (path, token) => {
    if (path !== 'auth/jwt/login') {
      return [token === 'token-1' ? 403 : 200, { data: { token }, errors: [] }];
    }
    logins++;
    return [200, { auth: { client_token: `token-${logins}`, lease_duration: 600 } }];
  });
  const vault = connectVault({ addresses, role: 'data-get', tokenFile });
  const answers = await Promise.all(Array.from({ length: 8 }, () => vault.read('a/b')));
  t.deepEqual([...new Set(answers.map((answer) => answer?.token))], ['token-2']);
  t.is(logins, 2);
});

for (const [what, status, said] of [
  ['fails', 500, 'internal error'],
  ['does not know that it leads no more', 400, 'failed to update mount table'],
] as const) {
  test(`a member that ${what} is told of, and another does what was asked`, async (t) => {
    const { addresses, tokenFile } = await members(
      t,
      (path) => (path === 'sys/leader' ? leading : [status, { errors: [said] }]),
      byAnother,
    );
    const told: string[] = [];
    const tell = ({ address }: { address: string }): void => void told.push(address);
    const vault = connectVault({ addresses, role: 'provisioning', tokenFile, tell });
    t.deepEqual(await vault.write('sys/mounts/a'), { by: 'another' });
    t.deepEqual([...new Set(told)], [addresses[0]]);
  });
}

test('no member is asked to pass on what another one leads to do', async (t) => {
  const asked: string[] = [];
  const { addresses, tokenFile } = await members(
    t,
    (path) => {
      asked.push(path);
      return standby;
    },
    byAnother,
  );
  const vault = connectVault({ addresses, role: 'data-put', tokenFile });
  t.deepEqual(await vault.read('a/b'), { by: 'another' });
  t.deepEqual(await vault.read('a/b'), { by: 'another' });
  t.deepEqual(asked, ['sys/leader']);
});

test('a leader that passed its place on is found out', async (t) => {
  let leads = true;
  const { addresses, tokenFile } = await members(
    t,
    (path) => {
      if (path === 'sys/leader') return leads ? leading : standby;
      return leads ? [200, login] : [503, { errors: ['Vault is in standby'] }];
    },
    (path, token) => (path === 'sys/leader' && leads ? standby : byAnother(path, token)),
  );
  const vault = connectVault({ addresses, role: 'data-put', tokenFile });
  await vault.read('a/b');
  leads = false;
  t.deepEqual(await vault.read('a/b'), { by: 'another' });
});

test('members that have no leader are asked again until there is one', async (t) => {
  let asked = 0;
  const { addresses, tokenFile } = await members(t, (path) => {
    if (path === 'auth/jwt/login') return [200, login];
    return ++asked < 3 ? [503, { errors: ['Vault is sealed'] }] : [200, { data: { by: 'leader' } }];
  });
  const vault = connectVault({ addresses, role: 'data-put', tokenFile });
  t.deepEqual(await vault.read('a/b'), { by: 'leader' });
});

test('members that stay without a leader are given up, and say so', async (t) => {
  const { addresses, tokenFile } = await members(t, () => [503, { errors: ['Vault is sealed'] }]);
  const vault = connectVault({ addresses, role: 'data-put', tokenFile });
  await t.throwsAsync(vault.read('a/b'), {
    instanceOf: VaultUnavailable,
    message: 'Vault is sealed or in standby',
  });
});
