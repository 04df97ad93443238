import test from 'ava';
import { adminPayload } from '../../../functions/setup/admin-payload.ts';

// That MinIO opens it is shown by test/integration/setup-store.test.ts.
const header = 32 + 1 + 8;
const sizes: Record<string, [plaintext: number, frames: number]> = {
  'nothing is one frame': [0, 1],
  'a little is one frame': [100, 1],
  'just a frame is one frame': [16_384, 1],
  'a byte more is two': [16_385, 2],
};

for (const [what, [plaintext, frames]] of Object.entries(sizes)) {
  test(`${what}, each with its tag`, (t) => {
    const sealed = adminPayload('secret', Buffer.alloc(plaintext));
    t.is(sealed.length, header + plaintext + frames * 16);
    t.is(sealed[32], 2, 'PBKDF2 with AES-256-GCM');
  });
}

test('a secret is not seen in it, and sealed anew each time', (t) => {
  const secret = Buffer.from('the secret of a user');
  const sealed = adminPayload('secret', secret);
  t.false(sealed.includes(secret));
  t.notDeepEqual(adminPayload('secret', secret), sealed);
});
