import { labels } from '../../lib/network.ts';
import { refOf } from '../../lib/kubernetes/client.ts';
import type { Pass } from '../pass.ts';
import { selectorOf } from '../resources/names.ts';
import { prunable } from '../resources/kinds.ts';
import { done, type Step } from './step.ts';

/**
 * Removes what this network made for an earlier spec and does not want any more. Ledgers stay: what is
 * kept on them cannot be made again. Chaincode belongs to the launcher in its peer.
 */
export const prune: Step = {
  name: 'prune',
  after: [
    'namespace',
    'identities',
    'orderers',
    'channels',
    'peers',
    'joins',
    'anchor',
    'chaincodes',
    'endpoints',
  ],
  async run(pass) {
    await Promise.all(prunable.map((kind) => pruneKind(pass, kind)));
    return done;
  },
};

async function pruneKind(pass: Pass, kind: { apiVersion: string; kind: string }): Promise<void> {
  const { kubernetes, log } = pass.clients;
  const { id } = pass.plan;
  const selector = `${selectorOf(id)},${labels.component}!=chaincode`;
  const found = await kubernetes.list({ ...kind, namespace: id.namespace }, selector);
  for (const ref of found.filter((object) => pass.isOwn(object)).map(refOf)) {
    if (pass.made.some((made) => made.kind === ref.kind && made.name === ref.name)) continue;
    log.info({ kind: ref.kind, object: ref.name }, 'pruned');
    await kubernetes.remove(ref);
  }
}
