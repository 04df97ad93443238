import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { vectors, type Vectors } from './make.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

interface Version {
  ciphertext: string;
  key: string;
  policy: string;
  record: Record<string, string>;
  fact: Record<string, string | number>;
}
type Kept = Omit<Vectors, 'versions'> & { versions: Version[] };

const read = async (): Promise<Kept> => ({
  tree: JSON.parse(await readFile(join(here, 'tree.json'), 'utf8')) as Vectors['tree'],
  versions: JSON.parse(await readFile(join(here, 'versions.json'), 'utf8')) as Version[],
});

/** What the independent program says, in its last line or of what is wrong. */
async function verify(folder: string): Promise<string> {
  const program = join(here, 'verify.py');
  const running = promisify(execFile)('python3', [program, folder]);
  const said = await running.catch((error: unknown) => ({
    stdout: (error as { stderr: string }).stderr,
  }));
  return said.stdout.trim().split('\n').at(-1) ?? '';
}

test('the vectors are those that the code makes', async (t) => {
  // Where they should change: `node scripts/run.mjs test/vectors/make.ts`.
  t.deepEqual(await read(), (await vectors()) as Kept);
});

test('a program that shares no code verifies them', async (t) => {
  t.regex(await verify(here), /^(not )?decrypted/);
});

const changes: Record<string, [(kept: Kept) => void, RegExp]> = {
  'another root': [({ tree }) => (tree[5]!.root = tree[6]!.root), /root of 5/],
  'another leaf': [({ tree }) => (tree[5]!.leaves[2] = 'ff'), /root of 5/],
  'a byte of the second frame': [({ versions }) => flip(versions[2]!, 65_600), /digest/],
  'a byte of the header': [({ versions }) => flip(versions[1]!, 3), /digest/],
  'another size': [({ versions }) => (versions[1]!.fact['size'] = 77), /size/],
  'another key': [({ versions }) => (versions[1]!.key = 'readings/43'), /id/],
  'another policy': [({ versions }) => (versions[1]!.policy += ' '), /policy/],
  'another owner': [({ versions }) => (versions[1]!.fact['owner'] = 'mallory'), /commitment/],
  'another index': [({ versions }) => (versions[1]!.fact['index'] = 'etcd://x'), /commitment/],
};
for (const member of ['tier', 'contentType', 'createdAt', 'wrapped']) {
  changes[`another ${member}`] = [
    ({ versions }) => (versions[1]!.record[member] = 'other'),
    /rest of the record/,
  ];
}

for (const [name, [change, says]] of Object.entries(changes)) {
  test(`it refuses ${name}`, async (t) => {
    const kept = await read();
    change(kept);
    const folder = await mkdtemp(join(tmpdir(), 'selvedge-vectors-'));
    for (const [file, value] of Object.entries(kept)) {
      await writeFile(join(folder, `${file}.json`), JSON.stringify(value));
    }
    t.regex(await verify(folder), says);
    await rm(folder, { recursive: true });
  });
}

function flip(version: Version, at: number): void {
  const bytes = Buffer.from(version.ciphertext, 'base64');
  bytes[at]! ^= 1;
  version.ciphertext = bytes.toString('base64');
}
