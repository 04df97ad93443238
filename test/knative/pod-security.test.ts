/** Pod Security Standards, level «restricted», and a file system that cannot be written to. */
import test from 'ava';
import { setupJob } from '../../scripts/cli/setup-job.ts';
import { manifests, ofKind } from './manifests.ts';

interface SecurityContext {
  runAsNonRoot?: boolean;
  runAsUser?: number;
  seccompProfile?: { type: string };
  allowPrivilegeEscalation?: boolean;
  readOnlyRootFilesystem?: boolean;
  privileged?: boolean;
  capabilities?: { drop?: string[]; add?: string[] };
}
interface Container {
  name?: string;
  securityContext?: SecurityContext;
}
interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
  securityContext?: SecurityContext;
  hostNetwork?: boolean;
  hostPID?: boolean;
  hostIPC?: boolean;
  volumes?: Record<string, unknown>[];
}

const templated = (object: unknown): PodSpec | undefined =>
  (object as { spec?: { template?: { spec?: PodSpec } } }).spec?.template?.spec;

const pods: [string, PodSpec][] = [
  ...manifests().map((object): [string, unknown] => [object.file, object]),
  ['setup', setupJob('selvedge', 'setup')] as [string, unknown],
].flatMap(([where, object]) => {
  const spec = templated(object);
  return spec ? [[where, spec] as [string, PodSpec]] : [];
});

const volumes = ['configMap', 'emptyDir', 'projected', 'secret', 'persistentVolumeClaim', 'csi'];

test('there are pods to look at', (t) => {
  t.true(pods.length >= 9, String(pods.length));
});

for (const [where, pod] of pods) {
  test(`the pod of ${where} passes «restricted»`, (t) => {
    t.falsy(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC);
    for (const { name: _, ...source } of pod.volumes ?? [])
      t.true(volumes.includes(Object.keys(source)[0] ?? ''), JSON.stringify(source));
    for (const { securityContext: own } of [...pod.containers, ...(pod.initContainers ?? [])]) {
      const context = { ...pod.securityContext, ...own };
      t.true(context.runAsNonRoot);
      t.not(context.runAsUser, 0);
      t.is(context.seccompProfile?.type, 'RuntimeDefault');
      t.false(context.allowPrivilegeEscalation);
      t.true(context.readOnlyRootFilesystem);
      t.falsy(context.privileged);
      t.deepEqual(context.capabilities, { drop: ['ALL'] });
    }
  });
}

test('every namespace of ours enforces it', (t) => {
  const namespaces = ofKind('Namespace');
  t.deepEqual(
    namespaces.map(({ metadata }) => metadata.name),
    ['selvedge', 'selvedge-storage', 'selvedge-users'],
  );
  for (const { metadata } of namespaces)
    t.is(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted', metadata.name);
});
