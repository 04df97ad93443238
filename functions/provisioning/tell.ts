import { eventAbout } from '../lib/kubernetes/event.ts';
import type { Pass } from './pass.ts';

/**
 * Says beside the network what was done to it, as a Kubernetes Event. One that cannot be written is
 * logged and stops nothing: mending goes before telling.
 */
export async function tell(
  { clients: { kubernetes, log }, network }: Pass,
  told: { reason: string; action: string; message: string },
): Promise<void> {
  log.info(told, 'told');
  const { apiVersion, kind, metadata } = network;
  const { namespace, name, uid } = metadata;
  const about = { apiVersion, kind, namespace, name, ...(uid && { uid }) };
  try {
    await kubernetes.create(eventAbout(about, 'provisioning', { ...told, type: 'Normal' }));
  } catch (error) {
    log.warn({ error }, 'could not tell');
  }
}
