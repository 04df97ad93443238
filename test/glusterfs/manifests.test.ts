import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import test from 'ava';
import { parseAllDocuments } from 'yaml';

import { volume } from '../../glusterfs/keeper/options.ts';

interface Workload {
  metadata: { name: string; namespace: string };
  spec: {
    replicas?: number;
    serviceName?: string;
    template: {
      spec: {
        hostNetwork?: boolean;
        hostPID?: boolean;
        containers: {
          image: string;
          args: string[];
          env: { name: string; value?: string }[];
          volumeMounts: { mountPath: string; mountPropagation?: string }[];
          securityContext: { privileged?: boolean; readOnlyRootFilesystem?: boolean };
        }[];
      };
    };
  };
}

const root = join(import.meta.dirname, '../../glusterfs');
const workload = (file: string): Workload => {
  const [document] = parseAllDocuments(readFileSync(join(root, file), 'utf8'));
  return document!.toJS() as Workload;
};
const server = workload('server/statefulset.yaml');
const client = workload('client/daemonset.yaml');
const container = ({ spec }: Workload) => spec.template.spec.containers[0]!;
const environment = (of: Workload): Record<string, string | undefined> =>
  Object.fromEntries(container(of).env.map(({ name, value }) => [name, value]));

test('servers and clients know the servers by the names of their pods', (t) => {
  const { metadata, spec } = server;
  const domain = `${spec.serviceName}.${metadata.namespace}.svc.cluster.local`;
  const names = Array.from(
    { length: spec.replicas ?? 0 },
    (_, n) => `${metadata.name}-${n}.${domain}`,
  );
  t.is(names.length, 3);
  for (const one of [server, client]) t.is(environment(one)['SERVERS'], names.join(','));
  t.is(environment(server)['SERVER'], `$(POD_NAME).${domain}`);
});

test('a brick and what its server knows lie on the same disk', (t) => {
  t.is(environment(server)['BRICK'], `/bricks/${volume}`);
  const mounts = container(server).volumeMounts.filter((one) =>
    JSON.stringify(one).includes('data'),
  );
  t.deepEqual(
    mounts.map(({ mountPath }) => mountPath),
    ['/bricks', '/var/lib/glusterd'],
  );
});

test('a server can mount, as it must to make a brick anew, and changes nothing of its image', (t) => {
  const { privileged, readOnlyRootFilesystem } = container(server).securityContext;
  t.true(privileged);
  t.true(readOnlyRootFilesystem);
});

test('a mount is the node’s: its place, its network, its process', (t) => {
  const { hostNetwork, hostPID } = client.spec.template.spec;
  t.true(hostNetwork);
  t.true(hostPID);
  const shared = container(client).volumeMounts.find((one) => one.mountPropagation !== undefined);
  t.is(shared?.mountPropagation, 'Bidirectional');
  t.true(environment(client)['MOUNT_POINT']?.startsWith(`${shared?.mountPath}/`));
});
