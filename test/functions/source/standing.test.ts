import test from 'ava';
import { isAtRest, standingOf, type Watched } from '../../../functions/source/standing.ts';

const of = (kind: string, rest: object = {}): Watched => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'one', uid: 'u', generation: 2 },
  ...rest,
});

const ready = (status: string) => ({ type: 'Ready', status, lastHeartbeatTime: 'whenever' });
const set = (readyReplicas: number) =>
  of('StatefulSet', { spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas } });

const same: Record<string, [Watched, Watched]> = {
  'a node that sends heartbeats': [
    of('Node', { status: { conditions: [ready('True')] } }),
    of('Node', { status: { conditions: [{ ...ready('True'), lastHeartbeatTime: 'later' }] } }),
  ],
  'a node short of memory': [
    of('Node', { status: { conditions: [ready('True')] } }),
    of('Node', {
      status: { conditions: [ready('True'), { type: 'MemoryPressure', status: 'True' }] },
    }),
  ],
  'a function whose new version is not ready yet': [
    of('Service', { status: { latestReadyRevisionName: 'one-00001' } }),
    of('Service', {
      metadata: { name: 'one', uid: 'u', generation: 3 },
      status: { latestReadyRevisionName: 'one-00001', conditions: [ready('Unknown')] },
    }),
  ],
  'a network whose status was written': [
    of('FabricNetwork', { status: { phase: 'Progressing' } }),
    of('FabricNetwork', { status: { phase: 'Ready', observedGeneration: 2 } }),
  ],
};
for (const [what, [before, after]] of Object.entries(same)) {
  test(`${what} stands as before`, (t) => {
    t.is(standingOf(before), standingOf(after));
  });
}

const changed: Record<string, [Watched, Watched]> = {
  'a member that is lost': [set(3), set(2)],
  'a network that is deleted': [
    of('FabricNetwork'),
    of('FabricNetwork', {
      metadata: { name: 'one', uid: 'u', generation: 2, deletionTimestamp: 'now' },
    }),
  ],
  'an object made again under its name': [
    set(3),
    { ...set(3), metadata: { name: 'one', uid: 'another', generation: 2 } },
  ],
  'a node that does not answer': [
    of('Node', { status: { conditions: [ready('True')] } }),
    of('Node', { status: { conditions: [ready('Unknown')] } }),
  ],
  'a node that is to be emptied': [of('Node'), of('Node', { spec: { unschedulable: true } })],
  'a node that was fenced': [
    of('Node'),
    of('Node', { spec: { taints: [{ key: 'out-of-service', effect: 'NoExecute' }] } }),
  ],
  'a pod that is not ready': [
    of('Pod', { status: { conditions: [ready('True')] } }),
    of('Pod', { status: { conditions: [ready('False')] } }),
  ],
  'a pod whose program starts anew, as little ready as before': [
    of('Pod', { status: { containerStatuses: [{ restartCount: 0, state: { running: {} } }] } }),
    of('Pod', { status: { containerStatuses: [{ restartCount: 1, state: { running: {} } }] } }),
  ],
  'a pod whose program runs now': [
    of('Pod', { status: { containerStatuses: [{ restartCount: 0, state: {} }] } }),
    of('Pod', { status: { containerStatuses: [{ restartCount: 0, state: { running: {} } }] } }),
  ],
  'a function whose new version is ready': [
    of('Service', { status: { latestReadyRevisionName: 'one-00001' } }),
    of('Service', { status: { latestReadyRevisionName: 'one-00002' } }),
  ],
  'a Deployment that gives up': [
    of('Deployment', { status: { conditions: [{ type: 'Progressing', status: 'True' }] } }),
    of('Deployment', {
      status: {
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
    }),
  ],
};
for (const [what, [before, after]] of Object.entries(changed)) {
  test(`${what} stands otherwise`, (t) => {
    t.not(standingOf(before), standingOf(after));
  });
}

const resting: Record<string, [Watched, boolean]> = {
  'a workload with all its members': [set(3), true],
  'a workload that lacks one': [set(2), false],
  'a workload whose change was not seen yet': [
    of('Deployment', {
      spec: { replicas: 1 },
      status: { observedGeneration: 1, readyReplicas: 1 },
    }),
    false,
  ],
  'a workload of none': [
    of('Deployment', { spec: { replicas: 0 }, status: { observedGeneration: 2 } }),
    true,
  ],
  'a ready network': [
    of('FabricNetwork', { status: { phase: 'Ready', observedGeneration: 2 } }),
    true,
  ],
  'a network that is not ready': [
    of('FabricNetwork', { status: { phase: 'Degraded', observedGeneration: 2 } }),
    false,
  ],
  'a network that nobody has seen': [of('FabricNetwork'), false],
  'a ready node': [of('Node', { status: { conditions: [ready('True')] } }), true],
  'a ready node that is to be emptied': [
    of('Node', { spec: { unschedulable: true }, status: { conditions: [ready('True')] } }),
    false,
  ],
  'a silent node': [of('Node', { status: { conditions: [ready('Unknown')] } }), false],
  'a function that nobody looked at yet': [
    of('Service', { status: { conditions: [ready('True')] } }),
    false,
  ],
  'a ready pod': [of('Pod', { status: { conditions: [ready('True')] } }), true],
  'a pod that waits': [of('Pod', { status: { phase: 'Pending' } }), false],
};
for (const [what, [object, isIt]] of Object.entries(resting)) {
  test(`${what} is ${isIt ? '' : 'not '}at rest`, (t) => {
    t.is(isAtRest(object), isIt);
  });
}
