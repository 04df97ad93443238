/** A way to break the cluster, and to mend it. */
import type { Pod, World } from '../world.ts';

/** A fault that knows what it will hit. */
export interface Aim {
  /** What will be hit: «the orderer shop-orderer-0 on node-1». */
  what: string;
  /** Breaks it; returns when it is broken, with what there is to say of it. */
  strike: () => Promise<string | undefined>;
  /** Pods that are away until it is healed, whatever the API says of them. */
  absent?: (pod: Pod) => boolean;
}

export interface Fault {
  /** As it is called on the command line. */
  name: string;
  /** What happens, in a few words. */
  says: string;
  /** Whether it needs the machine of the local cluster. */
  local?: true;
  /**
   * Milliseconds it stays as it is, unless full strength comes first; then it is healed. Left out where nothing
   * is to be undone: what is killed comes back by itself.
   */
  holdMs?: number;
  /** Whether it stays for all that time, for it takes no part away for good. */
  passing?: true;
  /** @throws Error when there is nothing to hit */
  aim: (world: World) => Promise<Aim>;
  /** Undoes whatever this fault may have left, in this run or in one that was killed; harmless where it left nothing. */
  heal?: (world: World) => Promise<void>;
}
