/** The cluster a command works on. */
import { KubeConfig } from '@kubernetes/client-node';
import { KubernetesHttp } from '../../functions/lib/kubernetes/http.ts';
import { connectKubernetes, type Kubernetes } from '../../functions/lib/kubernetes/client.ts';
import { run, type RunOptions } from '../lib/shell.ts';

export interface TargetOptions {
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** Its current context when left out. */
  context?: string | undefined;
  /** The kubectl to run; the one on the PATH when left out. */
  kubectl?: string | undefined;
}

export interface Target {
  kubernetes: Kubernetes;
  /** For what only kubectl does: kustomize, logs. */
  kubectl(args: string[], options?: RunOptions): Promise<string>;
}

/** @throws Error when the kubeconfig has no such context */
export function connectTarget(options: TargetOptions): Target {
  const { kubeconfig, context, kubectl = 'kubectl' } = options;
  const flags = ['--kubeconfig', kubeconfig, ...(context ? ['--context', context] : [])];
  return {
    kubernetes: connectKubernetes({ config: configOf(options) }),
    kubectl: (args, more) => run(kubectl, [...flags, ...args], more),
  };
}

/** Raw calls, for subresources that `Kubernetes` has no verb for. */
export function connectHttp(options: TargetOptions): KubernetesHttp {
  return new KubernetesHttp(configOf(options), 15_000);
}

function configOf({ kubeconfig, context }: TargetOptions): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  if (context === undefined) return config;
  if (!config.getContextObject(context)) throw new Error(`${kubeconfig} has no context ${context}`);
  config.setCurrentContext(context);
  return config;
}
