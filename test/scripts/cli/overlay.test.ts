import test from 'ava';
import { kustomization, parseReference } from '../../../scripts/cli/overlay.ts';

const references: Record<string, ReturnType<typeof parseReference>> = {
  '10.89.0.1:5000/selvedge/etcd:1f2e': { newName: '10.89.0.1:5000/selvedge/etcd', newTag: '1f2e' },
  '10.89.0.1:5000/selvedge/etcd': { newName: '10.89.0.1:5000/selvedge/etcd' },
  'registry.example/etcd@sha256:ab': { newName: 'registry.example/etcd', digest: 'sha256:ab' },
  'registry.example/etcd:3@sha256:ab': { newName: 'registry.example/etcd', digest: 'sha256:ab' },
  'etcd:3': { newName: 'etcd', newTag: '3' },
};

for (const [reference, parts] of Object.entries(references)) {
  test(`${reference} is taken apart`, (t) => {
    t.deepEqual(parseReference(reference), parts);
  });
}

test('the overlay renames the images of the manifests, in a fixed order', (t) => {
  const made = kustomization('../../knative/overlays/local', { vault: 'r/v:2', etcd: 'r/e:1' });
  t.like(made, {
    resources: ['../../knative/overlays/local'],
    images: [
      { name: 'selvedge/etcd', newName: 'r/e', newTag: '1' },
      { name: 'selvedge/vault', newName: 'r/v', newTag: '2' },
    ],
  });
});
