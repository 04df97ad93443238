import test from 'ava';
import { type Past, recall } from '../../../../functions/failover/nodes/past.ts';

/** Looks at one node: when (seconds), what its Lease said, whether its kubelet answered. */
type Looks = [at: number, renewal: string | undefined, answers: boolean][];

interface Known {
  /** Seconds. */
  unrenewedFor: number;
  kubeletFor: number;
  renews: boolean;
}

const table: Record<string, [Looks, Known]> = {
  'of one look nothing is concluded': [
    [[100, 'a', false]],
    { unrenewedFor: 0, kubeletFor: 0, renews: false },
  ],
  'what stays as it is adds up': [
    [
      [100, 'a', false],
      [104, 'a', false],
      [108, 'a', false],
    ],
    { unrenewedFor: 8, kubeletFor: 8, renews: false },
  ],
  'a renewal begins anew, whatever time it names': [
    [
      [100, '2026-01-01T00:00:10Z', false],
      [104, '2026-01-01T00:00:00Z', false],
      [106, '2026-01-01T00:00:00Z', false],
    ],
    { unrenewedFor: 2, kubeletFor: 6, renews: true },
  ],
  'one late answer ends a silence': [
    [
      [100, 'a', false],
      [104, 'a', true],
      [105, 'a', false],
    ],
    { unrenewedFor: 5, kubeletFor: 0, renews: false },
  ],
  'after a time without a look, ours or the API server’s, all begins anew': [
    [
      [100, 'a', false],
      [104, 'b', false],
      [120, 'b', false],
    ],
    { unrenewedFor: 0, kubeletFor: 0, renews: false },
  ],
  'a Lease that was never there is not renewed': [
    [
      [100, undefined, true],
      [105, undefined, true],
    ],
    { unrenewedFor: 5, kubeletFor: 5, renews: false },
  ],
};

for (const [title, [looks, known]] of Object.entries(table)) {
  test(title, (t) => {
    let past: Past | undefined;
    for (const [at, renewal, answers] of looks) past = recall(past, { renewal, answers }, at);
    const { lookedAt, unrenewedSince, kubeletSince, renews } = past!;
    t.deepEqual(
      {
        unrenewedFor: lookedAt - unrenewedSince,
        kubeletFor: lookedAt - kubeletSince,
        renews,
      },
      known,
    );
  });
}
