import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import test from 'ava';
import { chaincodePackage } from '../../../../functions/lib/fabric/package.ts';
import { tar } from '../../../../functions/lib/fabric/tar.ts';

/** Reads what `tar` wrote, by the offsets of POSIX's ustar header. */
function untar(archive: Buffer): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (let offset = 0; archive[offset] !== 0;) {
    const text = (from: number, length: number) =>
      archive.toString('utf8', offset + from, offset + from + length).replace(/\0.*$/, '');
    const size = Number.parseInt(text(124, 12), 8);
    files[text(0, 100)] = archive.subarray(offset + 512, offset + 512 + size);
    offset += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

const node = {
  label: 'anchor_1',
  type: 'node',
  files: { 'package.json': '{"main":"index.js"}', 'index.js': 'exports.contracts = [];' },
} as const;

test('a package holds its metadata and its code', (t) => {
  const { bytes, label } = chaincodePackage(node);
  const outer = untar(gunzipSync(bytes));
  t.deepEqual(JSON.parse(outer['metadata.json']!.toString()), { label, path: '', type: 'node' });
  const code = untar(gunzipSync(outer['code.tar.gz']!));
  t.is(code['index.js']!.toString(), node.files['index.js']);
  t.is(code['package.json']!.toString(), node.files['package.json']);
});

test('its id is the label and the SHA-256 of its bytes', (t) => {
  const { bytes, packageId } = chaincodePackage(node);
  t.is(packageId, `anchor_1:${createHash('sha256').update(bytes).digest('hex')}`);
});

test('the id follows the content, not the order of files nor the day', (t) => {
  const { 'index.js': index, 'package.json': manifest } = node.files;
  const again = chaincodePackage({
    ...node,
    files: { 'index.js': Buffer.from(index), 'package.json': manifest },
  });
  t.is(again.packageId, chaincodePackage(node).packageId);
  const changed = chaincodePackage({ ...node, files: { ...node.files, 'index.js': '' } });
  t.not(changed.packageId, again.packageId);
  t.is(gunzipSync(again.bytes).toString('utf8', 136, 147), '0'.repeat(11), 'no time of a file');
});

test('an image is named by its digest', (t) => {
  const image = `registry.example/trade@sha256:${'ab'.repeat(32)}`;
  const { bytes } = chaincodePackage({ label: 'trade', type: 'image', image });
  const code = untar(gunzipSync(untar(gunzipSync(bytes))['code.tar.gz']!));
  t.deepEqual(JSON.parse(code['image.json']!.toString()), { image });
  t.throws(() => chaincodePackage({ label: 'trade', type: 'image', image: 'trade:1' }), {
    name: 'BadRequest',
  });
});

for (const label of ['', '-x', 'a b', '../x', 'a:b']) {
  test(`the label '${label}' is refused`, (t) => {
    t.throws(() => chaincodePackage({ ...node, label }), { name: 'BadRequest' });
  });
}

for (const name of ['', '/etc/passwd', '../up', 'a/../../b', 'x'.repeat(101)]) {
  test(`no file of an archive is called '${name.slice(0, 20)}'`, (t) => {
    t.throws(() => tar({ [name]: '' }), { name: 'BadRequest' });
  });
}
