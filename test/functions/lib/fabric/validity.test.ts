import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { Conflict, Unavailable, Unprocessable } from '../../../../functions/lib/errors.ts';
import { atEnd } from '../../../../functions/lib/fabric/validity.ts';
import { createOrganization } from './identities.ts';

const farm = await createOrganization('farm', 'FarmMSP');
const { certificate } = await farm.msp.issue({ name: 'data-put', unit: 'client' });
const { validToDate: to } = new X509Certificate(certificate);
const minute = 60_000;

for (const [when, now, passes] of [
  ['ten minutes before its end', to.getTime() - 10 * minute, false],
  ['a minute before its end', to.getTime() - minute, true],
  ['after its end', to.getTime() + minute, true],
] as const) {
  test(`what peers refuse of an identity ${when} is ${passes ? 'tried again' : 'final'}`, (t) => {
    const refused = new Unprocessable('access denied');
    const error = atEnd(refused, certificate, new Date(now));
    t.is(error instanceof Unavailable, passes);
    t.is(error === refused, !passes);
    const conflict = new Conflict('another was quicker');
    t.is(atEnd(conflict, certificate, new Date(now)), conflict);
  });
}
