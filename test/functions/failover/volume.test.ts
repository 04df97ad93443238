import test from 'ava';
import { lookAtVolume } from '../../../functions/failover/volume.ts';
import { Forbidden } from '../../../functions/lib/errors.ts';
import { Cluster } from './cluster.ts';

test('the volume is seen with its servers, where they are and whom they keep out', async (t) => {
  const cluster = await Cluster.make();
  cluster.shut.set('10.1.0.1', ['10.0.0.3']);
  cluster.shut.delete('10.1.0.3');
  const seen = await lookAtVolume(cluster.sources);
  t.is(seen?.copies, 3);
  t.deepEqual(
    seen?.servers.map(({ node, shut }) => [node, shut]),
    [
      ['node-1', ['10.0.0.3']],
      ['node-2', []],
      ['node-3', undefined],
    ],
  );
});

test('where none is named there is none', async (t) => {
  const cluster = await Cluster.make();
  t.is(await lookAtVolume({ ...cluster.sources, volumes: undefined }), undefined);
});

test('where we may not look there should be one, and none that confirms anything', async (t) => {
  const cluster = await Cluster.make();
  cluster.kubernetes.get = () => Promise.reject(new Forbidden('no'));
  t.deepEqual(await lookAtVolume(cluster.sources), { copies: 1, servers: [] });
});
