import test from 'ava';
import { isWriter } from '../../../functions/anchor/creator.ts';
import { writerUnit } from '../../../functions/lib/vault/identities.ts';
import { issue, makeAuthority } from '../../../scripts/lib/x509.ts';

const leaves: Record<string, [Parameters<typeof issue>[1], boolean]> = {
  'the platform’s own client': [{ name: 'x', units: ['client', writerUnit], hosts: [] }, true],
  'an ordinary client': [{ name: 'x', units: ['client'], hosts: [] }, false],
  'an admin': [{ name: 'x', units: ['admin'], hosts: [] }, false],
  'a client that is called so': [{ name: writerUnit, units: ['client'], hosts: [] }, false],
  'a client whose name looks like a unit': [
    { name: `x\nOU=${writerUnit}`, units: ['client'], hosts: [] },
    false,
  ],
  'a client of a group of that name': [
    { name: 'x', group: writerUnit, units: ['client'], hosts: [] },
    false,
  ],
  'a client of a unit that begins so': [
    { name: 'x', units: ['client', `${writerUnit}x`], hosts: [] },
    false,
  ],
};

for (const [name, [leaf, may]] of Object.entries(leaves)) {
  test(`${name} ${may ? 'may' : 'may not'} write facts`, async (t) => {
    const { certificate } = await issue(await makeAuthority('org'), leaf);
    t.is(isWriter(Buffer.from(certificate)), may);
  });
}
