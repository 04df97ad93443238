/** How a member comes up: pure, and the same on every member. */

/**
 * What a member says of itself: it has nothing of the cluster on its disk, it has and comes back, or it is a part of
 * the cluster and serves.
 */
export type Said = 'empty' | 'kept' | 'running';

export interface State {
  /** The host name of this member. */
  me: string;
  /** Those of all, in the order of their pods. */
  members: readonly string[];
  says: Exclude<Said, 'running'>;
  others: readonly Other[];
  /** Whether RabbitMQ came back before, and gave up waiting for what another member may know. */
  waitedInVain: boolean;
}

export interface Other {
  host: string;
  /** Undefined when it did not answer. */
  says: Said | undefined;
}

export type Step =
  | { do: 'form' }
  | { do: 'join'; by: string }
  | { do: 'return' }
  | { do: 'return-first' }
  | { do: 'wait'; for: string };

export function decide(state: State): Step {
  return state.says === 'kept' ? comeBack(state) : (join(state) ?? form(state));
}

/**
 * RabbitMQ waits for the member that stopped last. Where that one has lost its disk, nobody knows more than those that
 * kept theirs: the first of them does not wait.
 */
function comeBack({ me, members, others, waitedInVain }: State): Step {
  const lost = others.some(({ says }) => says === 'empty');
  const known = others.every(({ says }) => says === 'empty' || says === 'kept');
  const kept = members.filter((host) => saysOf(others, host) !== 'empty');
  return waitedInVain && lost && known && kept[0] === me
    ? { do: 'return-first' }
    : { do: 'return' };
}

/** There is a cluster: it forgets who this member was before it lost its disk, and takes it as a new one. */
function join({ others }: State): Step | undefined {
  const friend = others.find(({ says }) => says === 'running');
  return friend && { do: 'join', by: friend.host };
}

/** The first member makes the cluster, once: when all others say that they know of none. */
function form({ me, members, others }: State): Step {
  const [first = ''] = members;
  const kept = others.find(({ says }) => says === 'kept');
  if (kept) return { do: 'wait', for: `${kept.host} to come back` };
  const silent = others.find(({ says }) => says === undefined);
  if (silent) return { do: 'wait', for: `${silent.host} to answer` };
  return me === first ? { do: 'form' } : { do: 'wait', for: `${first} to make the cluster` };
}

function saysOf(others: readonly Other[], host: string): Said | undefined {
  return others.find((one) => one.host === host)?.says;
}
