import { join, resolve } from 'node:path';

import { cacheFolder } from '../lib/cache.ts';

/** A node of the local cluster: a network namespace with its own container runtime and kubelet. */
export interface Node {
  name: string;
  namespace: string;
  /** The host's end of the node's cable. */
  link: string;
  address: string;
  podCidr: string;
}

export const bridge = { name: 'selvedge0', address: '10.89.0.1', prefix: 24 };

export const nodes: readonly Node[] = [1, 2, 3].map((n) => ({
  name: `node-${n}`,
  namespace: `selvedge-node-${n}`,
  link: `selvedge${n}`,
  address: `10.89.0.${10 + n}`,
  podCidr: `10.90.${n}.0/24`,
}));

export const podCidr = '10.90.0.0/16';
export const serviceCidr = '10.96.0.0/16';
export const clusterDomain = 'cluster.local';
export const dnsAddress = '10.96.0.10';
export const kubernetesServiceAddress = '10.96.0.1';
export const apiServer = `https://${bridge.address}:6443`;
export const issuer = `https://kubernetes.default.svc.${clusterDomain}`;
export const registry = `${bridge.address}:5000`;

/** Where the gateway is reached on this machine, and the port of every node it is forwarded to. */
export const gateway = { address: '127.0.0.1', port: 8480, nodePort: 30480 };

export const checkout = resolve(import.meta.dirname, '../..');

/** All that a running cluster keeps, in the checkout; readable by its owner alone. */
export const state = join(checkout, '.selvedge');
export const kubeconfig = join(state, 'kubeconfig');
export const logs = join(state, 'log');

/** Sockets, whose paths may have no more than 107 characters, and the record of who owns the running cluster. */
export const runtime = '/run/selvedge';

/** What survives `npm stop`: builds, images. */
export const cache = cacheFolder();

/** Held while the cluster of this machine is started or stopped, by whatever checkout. */
export const clusterLock = join(cache, 'cluster.lock');

/** The control group under which everything runs, so that nothing of a cluster is ever lost sight of. */
export const controlGroup = 'selvedge';
