import test from 'ava';
import type { Deps } from '../../../functions/keys/deps.ts';
import { rewrapAll } from '../../../functions/keys/rewrap.ts';
import { Unavailable } from '../../../functions/lib/errors.ts';
import { createLogger } from '../../../functions/lib/log.ts';
import { VaultRefusal } from '../../../functions/lib/vault/client.ts';

const log = createLogger('test');
log.level = 'silent';

/** Versions of users whose keys all rotate, each by what its data key is wrapped to. */
function setup(versions: [owner: string, wrapped: string][]) {
  const kept: string[] = [];
  async function* all() {
    await Promise.resolve();
    for (const [owner, wrapped] of versions) yield { key: owner, value: { owner, wrapped } };
  }
  const deps = {
    metadata: {
      intents: async function* () {
        yield* await Promise.resolve([]);
      },
      versions: all,
      rewrap: ({ key }: { key: string }) => Promise.resolve(kept.push(key) > 0),
    },
    keys: {
      rewrap: (_user: string, wrapped: string) => {
        if (wrapped.endsWith('damaged'))
          return Promise.reject(new VaultRefusal(400, 'invalid ciphertext', 'transit/rewrap'));
        if (wrapped.endsWith('away')) return Promise.reject(new Unavailable('Vault is away'));
        return Promise.resolve(wrapped);
      },
    },
  } as unknown as Deps;
  const rotations = new Map(versions.map(([owner]) => [owner, { latest: 2, since: 0 }]));
  return { kept, run: () => rewrapAll(deps, rotations, log) };
}

test('what is under an older version is wrapped anew, and holds its owner for this pass', async (t) => {
  const { kept, run } = setup([
    ['alice', 'vault:v1:a'],
    ['bob', 'vault:v2:b'],
  ]);
  t.deepEqual([...(await run())], ['alice']);
  t.deepEqual(kept, ['alice']);
});

test('what Vault does not open holds nobody', async (t) => {
  const { kept, run } = setup([
    ['mallory', 'vault:v1:damaged'],
    ['alice', 'vault:v1:a'],
  ]);
  t.deepEqual([...(await run())], ['alice']);
  t.deepEqual(kept, ['alice']);
});

test('a pass ends where Vault is away', async (t) => {
  const { kept, run } = setup([
    ['alice', 'vault:v1:away'],
    ['bob', 'vault:v1:b'],
  ]);
  await t.throwsAsync(run(), { instanceOf: Unavailable });
  t.deepEqual(kept, []);
});
