import test from 'ava';

import { decide, isMounted } from '../../glusterfs/mounter/decide.ts';
import { refuges } from '../../glusterfs/mounter/refuge.ts';

test('what is not mounted is mounted', (t) => {
  t.is(decide({ mounted: false, answer: 'dead' }), 'mount');
});

test('a mount whose process ended is made anew', (t) => {
  t.is(decide({ mounted: true, answer: 'dead' }), 'mount-anew');
});

test('a mount that only takes long is left to those who wait in it', (t) => {
  t.is(decide({ mounted: true, answer: 'late' }), 'nothing');
  t.is(decide({ mounted: true, answer: 'fine' }), 'nothing');
});

const line = (path: string, type: string): string =>
  `36 35 0:42 / ${path} rw shared:1 - ${type} source rw\n`;

test('the guard below a mount is no mount of the volume', (t) => {
  const guard = line('/volumes', 'tmpfs');
  t.false(isMounted(guard, '/volumes'));
  t.true(isMounted(guard + line('/volumes', 'fuse.glusterfs'), '/volumes'));
  t.false(isMounted(line('/volumes/inner', 'fuse.glusterfs'), '/volumes'));
});

test('with control groups of version 1, every hierarchy has a place beside the pods', (t) => {
  const text = '4:memory:/selvedge/node-1/kubepods/pod7/c\n1:name=systemd:/kubepods.slice/x\n';
  t.deepEqual(refuges(text), [
    { hierarchy: 'memory', path: 'selvedge/node-1/selvedge-volumes' },
    { hierarchy: 'systemd', path: 'selvedge-volumes' },
  ]);
});

test('with version 2 there is one', (t) => {
  t.deepEqual(refuges('0::/kubepods.slice/kubepods-pod7.slice/cri-c.scope\n'), [
    { hierarchy: 'unified', path: 'selvedge-volumes' },
  ]);
});

test('what is in no pod need not flee', (t) => {
  t.deepEqual(refuges('0::/user.slice\n'), []);
});
