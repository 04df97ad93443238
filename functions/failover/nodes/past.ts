/** What was seen of a node in earlier looks. Pure: looks and the clock come from outside. */

/** One look at a node. */
export interface Look {
  /** What its Lease says; the text changes with each renewal. No clocks are compared. */
  renewal: string | undefined;
  /** Whether its kubelet answered. */
  answers: boolean;
}

/** What is kept of a node from one look to the next; times are seconds of one clock. */
export interface Past extends Look {
  lookedAt: number;
  /** Since when the Lease has said the same. */
  unrenewedSince: number;
  /** Whether it was seen to be renewed. */
  renews: boolean;
  /** Since when the kubelet has answered, or not, each time. */
  kubeletSince: number;
}

/** Seconds between two looks after which nobody knows what happened meanwhile: longer than one takes. */
const blindAfter = 8;

/** Takes a look into account. */
export function recall(past: Past | undefined, look: Look, now: number): Past {
  const before = past && now - past.lookedAt <= blindAfter ? past : undefined;
  if (!before) {
    return { ...look, lookedAt: now, unrenewedSince: now, renews: false, kubeletSince: now };
  }
  const isRenewed = look.renewal !== before.renewal;
  return {
    ...look,
    lookedAt: now,
    unrenewedSince: isRenewed ? now : before.unrenewedSince,
    renews: before.renews || isRenewed,
    kubeletSince: look.answers === before.answers ? before.kubeletSince : now,
  };
}
