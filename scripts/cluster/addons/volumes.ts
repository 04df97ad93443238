import { join } from 'node:path';

import { stringify } from 'yaml';

import type { KubernetesObject } from '../nodes/kubectl.ts';
import { moduleFolder, readManifests } from './manifests.ts';
import { shared } from '../nodes/mount-namespace.ts';
import { nodeFolder } from '../nodes/node.ts';
import { nodes } from '../settings.ts';

const namespace = 'local-path-storage';

interface Deployment extends KubernetesObject {
  spec: {
    template: { spec: { containers: { image: string; command: string[]; args: string[] }[] } };
  };
}

/**
 * Volumes on a node's own disk: upstream's local-path-provisioner under our StorageClass `selvedge-local`, with each
 * node's volumes in that node's folder.
 * @param images of the provisioner, and of the shell that makes and removes a volume's folder
 */
export async function volumeObjects(images: {
  provisioner: string;
  shell: string;
}): Promise<KubernetesObject[]> {
  const folder = await moduleFolder('github.com/rancher/local-path-provisioner');
  const objects = await readManifests(folder, ['deploy/local-path-storage.yaml']);
  return objects.flatMap((object) => {
    if (object.kind === 'StorageClass') return storageClasses(object);
    if (object.kind === 'ConfigMap') return { ...object, data: configuration(images.shell) };
    if (object.kind === 'Deployment') useImage(object as Deployment, images.provisioner);
    return object;
  });
}

/** The class of a node's own disk, which is the default, and that of the volume which every node has. */
function storageClasses(upstream: KubernetesObject): KubernetesObject[] {
  const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
  return [
    { ...upstream, metadata: { name: 'selvedge-local', annotations } },
    { ...upstream, metadata: { name: 'selvedge-replicated' } },
  ];
}

function useImage({ spec }: Deployment, image: string): void {
  for (const container of spec.template.spec.containers) {
    Object.assign(container, {
      image,
      // The image starts the program; --debug would fill the log. Each volume takes a pod's run to make, and a
      // start makes ten, so no more than four at a time would be most of what storage waits for.
      command: undefined,
      args: [
        ...container.command.slice(1).filter((argument) => argument !== '--debug'),
        '--worker-threads=16',
      ],
      resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
    });
  }
}

/** Volumes belong to whoever first uses them: pods here run as any user but root. */
function configuration(shell: string): Record<string, string> {
  return {
    'config.json': JSON.stringify({
      storageClassConfigs: {
        'selvedge-local': {
          nodePathMap: nodes.map((node) => ({
            node: node.name,
            paths: [join(nodeFolder(node), 'volumes')],
          })),
        },
        'selvedge-replicated': { sharedFileSystemPath: join(shared, 'volumes') },
      },
    }),
    setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
    teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
    'helperPod.yaml': stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'helper-pod', namespace },
      spec: {
        priorityClassName: 'system-node-critical',
        tolerations: [{ operator: 'Exists' }],
        terminationGracePeriodSeconds: 0,
        containers: [{ name: 'helper-pod', image: shell, securityContext: { runAsUser: 0 } }],
      },
    }),
  };
}
