/**
 * Who orders a channel. Clients find orderers by another value (`organizations.ts`).
 *
 * An orderer that lost its disk does not know any more what it said: it is removed and added again,
 * by two updates, and so is another member than before. In one update Raft would take it for the
 * same member with another certificate, and Fabric's orderers would close the connection to the
 * member that comes with that to the one that goes, as both have one certificate.
 */
import type { ConsenterAddress } from '../../config-block.ts';
import type { ConsenterSpec } from '../../genesis/spec.ts';
import type { Change } from '../change.ts';
import { changeConsenters, type Listed } from './roster.ts';

/** Raft takes one consenter that comes or goes with each update. */
export function addConsenter(spec: ConsenterSpec): Change {
  return changeConsenters((list, roster) =>
    list.some(isAt(spec)) ? list : [...list, roster.make(spec, list)],
  );
}

export function removeConsenter(address: ConsenterAddress): Change {
  const isIt = isAt(address);
  return changeConsenters((list) => (list.some(isIt) ? list.filter((one) => !isIt(one)) : list));
}

/** A consenter with other certificates: the member that it was, with all that it said. */
export function replaceConsenter(spec: ConsenterSpec): Change {
  return changeConsenters((list, roster) =>
    list.map((one) => (isAt(spec)(one) ? roster.make(spec, list, one) : one)),
  );
}

const isAt =
  ({ host, port }: ConsenterAddress) =>
  (consenter: Listed): boolean =>
    consenter.getHost() === host && consenter.getPort() === port;
