import { Readable } from 'node:stream';
import test from 'ava';
import { createCiphertexts } from '../../../functions/data-get/ciphertext.ts';

const network = { namespace: 'selvedge', network: 'supply', incarnation: 'uid-1' };

test('a caller who leaves while a ciphertext is checked ends the reading of it', async (t) => {
  const left = new AbortController();
  let read = 0;
  const source = new Readable({
    read() {
      if (++read === 3) left.abort(new Error('the caller left'));
      this.push(read > 1000 ? null : Buffer.alloc(64 * 1024));
    },
  });
  const { verified } = createCiphertexts({
    metadata: { readCiphertext: () => Promise.resolve(undefined) },
    objects: { bucket: 'b', get: () => Promise.resolve(source) },
  });
  const expected = {
    index: 'minio://b/selvedge/supply/uid-1/x',
    digest: '',
    size: 1000 * 64 * 1024,
  };
  await t.throwsAsync(verified(network, expected, left.signal), { message: 'the caller left' });
  t.true(source.destroyed);
  t.true(read < 20);
});
