import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import test from 'ava';
import { createSigner } from '../../../../functions/lib/fabric/signer.ts';

/** SEC 2, 2.4.2 and 2.5.1: halves of the orders. */
const halves = {
  'P-256': 0x7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8n,
  'P-384':
    0x7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96efac0d06d9245853bd76760cb5666294b9n,
};

for (const [namedCurve, half] of Object.entries(halves)) {
  test(`signatures by ${namedCurve} verify, and S is in the lower half`, async (t) => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const signer = createSigner({ mspId: 'FarmMSP', certificate: 'pem', privateKey: pem });
    // Of so many one has a number with leading zeros, and half have S in the upper half at first.
    for (let i = 0; i < 600; i++) {
      const message = Buffer.from(`message ${i}`);
      const signature = await signer.sign(message);
      if (!verify('sha256', message, createPublicKey(privateKey), signature)) t.fail(`${i}`);
      if (s(signature) > half) t.fail(`S of ${i}`);
    }
    t.pass();
  });
}

test('a key of another kind is refused at once', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const identity = { mspId: 'FarmMSP', certificate: 'pem', privateKey: pem };
  t.throws(() => createSigner(identity), { instanceOf: TypeError });
});

/** The second integer of a signature in DER. */
function s(signature: Uint8Array): bigint {
  const bytes = Buffer.from(signature);
  const second = 4 + bytes[3]!;
  return BigInt(`0x${bytes.subarray(second + 2, second + 2 + bytes[second + 1]!).toString('hex')}`);
}
