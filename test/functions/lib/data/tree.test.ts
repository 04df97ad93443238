import test from 'ava';
import { createLeafHash, TreeHash } from '../../../../functions/lib/data/tree.ts';
import { mth } from '../../../fakes/tree.ts';

function rootOf(leaves: readonly Uint8Array[]): string {
  const tree = new TreeHash();
  for (const leaf of leaves) tree.add(createLeafHash().update(leaf).digest());
  return tree.root().toString('hex');
}

/** The leaves and roots by which implementations of Certificate Transparency are tested. */
const known = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [
    '606162636465666768696a6b6c6d6e6f',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
] as const;

test('roots are those that others know', (t) => {
  const leaves = known.map(([leaf]) => Buffer.from(leaf, 'hex'));
  known.forEach(([, root], at) => t.is(rootOf(leaves.slice(0, at + 1)), root));
});

test('the root over no leaves is the hash of nothing', (t) => {
  t.is(rootOf([]), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('roots are as the RFC defines them, whatever the number of leaves', (t) => {
  const leaves = Array.from({ length: 260 }, (_, at) => Buffer.from(`leaf ${at}`));
  for (let count = 0; count <= leaves.length; count++) {
    const some = leaves.slice(0, count);
    t.is(rootOf(some), mth(some).toString('hex'), `${count}`);
  }
});

test('a root may be asked for in between', (t) => {
  const tree = new TreeHash();
  const leaves = Array.from({ length: 9 }, (_, at) => Buffer.of(at));
  leaves.forEach((leaf, at) => {
    tree.add(createLeafHash().update(leaf).digest());
    t.deepEqual(tree.root(), mth(leaves.slice(0, at + 1)));
  });
});
