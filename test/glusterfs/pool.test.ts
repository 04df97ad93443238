import test from 'ava';

import { identityOf } from '../../glusterfs/keeper/glusterd.ts';
import { missingOptions, options } from '../../glusterfs/keeper/options.ts';
import { parseBricks, parseHeal, parsePeers, parseVolume } from '../../glusterfs/keeper/pool.ts';

const node = (path: string, status: number, pid = 7): string =>
  `<node><hostname>a</hostname><path>${path}</path><status>${status}</status><pid>${pid}</pid></node>`;
const healed = (host: string, status: string, pending: string): string =>
  `<brick hostUuid="0"><name>${host}:/bricks/x</name><status>${status}</status>` +
  `<numberOfEntriesInHealPending>${pending}</numberOfEntriesInHealPending>` +
  `<numberOfEntriesInSplitBrain>1</numberOfEntriesInSplitBrain></brick>`;

test('a peer counts as a friend when it is in the cluster', (t) => {
  const peer = (host: string, state: number): string =>
    `<peer><hostname>${host}</hostname><hostnames><hostname>other</hostname></hostnames>` +
    `<connected>1</connected><state>${state}</state></peer>`;
  t.deepEqual(parsePeers(peer('a', 3) + peer('b', 4)), [
    { host: 'a', connected: true, befriended: true },
    { host: 'b', connected: true, befriended: false },
  ]);
});

test('a volume has its options by name; there may be none', (t) => {
  const option = '<option>\n<name>nfs.disable</name>\n<value>on</value></option>';
  const xml = `<volumes><volume><name>x</name><statusStr>Started</statusStr>${option}</volume></volumes>`;
  t.deepEqual(parseVolume(xml), { started: true, options: { 'nfs.disable': 'on' } });
  t.is(parseVolume('<volumes><count>0</count></volumes>'), undefined);
});

test('of what runs for a volume, bricks are told from daemons', (t) => {
  t.deepEqual(parseBricks(node('/bricks/x', 1) + node('localhost', 1)), [
    { host: 'a', online: true, pid: 7 },
  ]);
});

test('a brick without a process is not online, whatever is said of it', (t) => {
  t.deepEqual(parseBricks(node('/bricks/x', 1, -1)), [{ host: 'a', online: false, pid: -1 }]);
});

test('a brick that could not be asked tells nothing of what it lacks', (t) => {
  const xml = healed('a', 'Connected', '2') + healed('b', 'Transport endpoint', '-');
  t.deepEqual(parseHeal(xml), [{ host: 'a', pending: 2, splitBrain: 1 }]);
});

test('only options that differ are set', (t) => {
  t.deepEqual(missingOptions(options), {});
  t.deepEqual(missingOptions({}), options);
});

test('a server has the same identity whenever it is asked, and no other has it', (t) => {
  t.is(identityOf('a'), identityOf('a'));
  t.not(identityOf('a'), identityOf('b'));
  t.regex(identityOf('a'), /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});
