/** The cluster as it is measured: by its gateway, and past it by those whom it stands in for. */
import type { WholeDataClient } from '../cli/client.ts';
import type { RawChannel } from './peers/fabric.ts';
import type { PlainStore } from './peers/minio.ts';

export interface World {
  /** The gateway as one of several users sees it: each has a budget of its own. */
  gateway: (caller: number) => WholeDataClient;
  /** What all keys of this run begin with. */
  prefix: string;
  /** The channel that data are anchored on, through a peer. */
  raw: () => Promise<RawChannel>;
  /** The object store. */
  store: () => Promise<PlainStore>;
  say: (line: string) => void;
  /** Closes what is open, and removes what was made in the cluster. */
  close: () => Promise<void>;
}
