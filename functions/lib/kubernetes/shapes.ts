/** Shapes of the built-in objects, for builders of resources. */
import type * as sdk from '@kubernetes/client-node';

/** A class of the SDK as the plain JSON it stands for. */
type Plain<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Plain<Item>[]
    : T extends object
      ? { [Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: Plain<T[Key]> }
      : T;

export type Container = Plain<sdk.V1Container>;
export type EnvVar = Plain<sdk.V1EnvVar>;
export type LeaseSpec = Plain<sdk.V1LeaseSpec>;
export type NetworkPolicySpec = Plain<sdk.V1NetworkPolicySpec>;
export type PodDisruptionBudgetSpec = Plain<sdk.V1PodDisruptionBudgetSpec>;
export type PodSpec = Plain<sdk.V1PodSpec>;
export type PodStatus = Plain<sdk.V1PodStatus>;
export type PolicyRule = Plain<sdk.V1PolicyRule>;
export type Probe = Plain<sdk.V1Probe>;
export type ServiceSpec = Plain<sdk.V1ServiceSpec>;
export type StatefulSetSpec = Plain<sdk.V1StatefulSetSpec>;
export type Volume = Plain<sdk.V1Volume>;
export type VolumeMount = Plain<sdk.V1VolumeMount>;
