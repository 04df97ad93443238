/** The Broker as somebody outside the cluster reaches it: by the proxy of the Kubernetes API server. */
import type { Kubernetes, KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import type { KubernetesHttp } from '../../functions/lib/kubernetes/http.ts';

interface Broker extends KubernetesObject {
  status?: { address?: { url?: string } };
}

const apiVersion = 'eventing.knative.dev/v1';

/**
 * Sends an event in structured mode (HTTP protocol binding 1.0, section 3.2) to the Broker `default`;
 * returns once the Broker has taken it. Kubernetes asks for the right to `create` `services/proxy`
 * where the Broker takes its events.
 *
 * @throws Error when there is no Broker; SelvedgeError when it is not reached or does not take the event
 */
export async function sendToBroker(
  { kubernetes, http }: { kubernetes: Kubernetes; http: Pick<KubernetesHttp, 'done'> },
  namespace: string,
  event: object,
): Promise<void> {
  const ref = { apiVersion, kind: 'Broker', namespace, name: 'default' };
  const url = (await kubernetes.get<Broker>(ref))?.status?.address?.url;
  if (url === undefined)
    throw new Error(`there is no Broker default in ${namespace} that is ready`);
  await http.done({
    method: 'POST',
    path: proxyPath(url),
    contentType: 'application/cloudevents+json; charset=utf-8',
    body: event,
  });
}

/**
 * Where the API server stands in for a Service of the cluster.
 *
 * @param address its URL in the cluster: `http://NAME.NAMESPACE.svc.cluster.local/PATH`
 * @throws Error when that is no Service
 */
export function proxyPath(address: string): string {
  const { protocol, hostname, port, pathname } = new URL(address);
  const [, name, namespace] = /^([^.]+)\.([^.]+)\.svc(?:\.|$)/.exec(hostname) ?? [];
  if (name === undefined) throw new Error(`${address} is no Service of the cluster`);
  const scheme = protocol.slice(0, -1);
  const number = port || (scheme === 'https' ? '443' : '80');
  const service = `${scheme}:${name}:${number}`;
  return `/api/v1/namespaces/${namespace}/services/${service}/proxy${pathname}`;
}
