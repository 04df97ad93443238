import type { Kubernetes } from '../../lib/kubernetes/client.ts';
import type { MemberTarget } from '../targets.ts';

/**
 * Ends this very pod; its StatefulSet makes another. One that another has taken the name of is left alone.
 *
 * @throws Conflict, NotFound as {@link Kubernetes.remove}
 */
export async function restart(
  kubernetes: Pick<Kubernetes, 'remove'>,
  { namespace, pod: name, uid }: MemberTarget,
): Promise<boolean> {
  await kubernetes.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { uid });
  return true;
}
