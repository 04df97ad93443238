import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { connectVault } from '../../../../functions/lib/vault/client.ts';

test('many calls at once log in once, also when the token is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-'));
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, 'jwt');
  let logins = 0;
  const server = createServer((request, response) => {
    const token = request.headers['x-vault-token'];
    const isLogin = request.url === '/v1/auth/jwt/login';
    if (isLogin) logins++;
    response.setHeader('content-type', 'application/json');
    if (!isLogin && token === 'token-1') response.statusCode = 403;
    const auth = { client_token: `token-${logins}`, lease_duration: 600 };
    response.end(JSON.stringify(isLogin ? { auth } : { data: { token }, errors: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const vault = connectVault({ address, role: 'data-get', tokenFile });
  const answers = await Promise.all(Array.from({ length: 8 }, () => vault.read('a/b')));
  t.deepEqual([...new Set(answers.map((answer) => answer?.token))], ['token-2']);
  t.is(logins, 2);
});
