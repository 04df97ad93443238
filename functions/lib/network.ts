/**
 * The custom resource `FabricNetwork` (`selvedge.dev/v1alpha1`): one object is one network.
 * The CRD's schema is generated from the zod schemas in `network/`, so what kubectl refuses and what
 * the functions refuse cannot drift apart.
 */
import type { z } from 'zod';
import { refuseEndorsements, rules } from './network/rules.ts';
import { networkSpecShape, type chaincode, type channel } from './network/shape.ts';
import type { NetworkStatus } from './network/status.ts';

export const group = 'selvedge.dev';
export const apiVersion = 'selvedge.dev/v1alpha1';
export const kind = 'FabricNetwork';

/** Labels on everything made for a network. */
export const labels = {
  network: 'selvedge.dev/network',
  /** On a network's namespace: that of its resource, and the resource's UID. */
  home: 'selvedge.dev/home',
  uid: 'selvedge.dev/network-uid',
  organization: 'selvedge.dev/organization',
  component: 'selvedge.dev/component',
  peer: 'selvedge.dev/peer',
  chaincode: 'selvedge.dev/chaincode',
} as const;

/** The spec with its rules: parsing lists every fault with the path of the field. */
export const networkSpec = networkSpecShape.superRefine((spec, context) => {
  for (const { path, message, holds = () => true } of rules) {
    if (!holds(spec)) context.addIssue({ code: 'custom', message, path: [...path] });
  }
  refuseEndorsements(spec, (path, message) => context.addIssue({ code: 'custom', message, path }));
});
export type NetworkSpec = z.infer<typeof networkSpec>;
export type Channel = z.infer<typeof channel>;
export type Chaincode = z.infer<typeof chaincode>;

/** The resource as it stands in Kubernetes. */
export interface FabricNetwork {
  apiVersion: typeof apiVersion;
  kind: typeof kind;
  metadata: {
    name: string;
    namespace: string;
    uid?: string;
    generation?: number;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: z.input<typeof networkSpec>;
  status?: NetworkStatus;
}
