import { readFileSync } from 'node:fs';
import test from 'ava';
import { parseAllDocuments } from 'yaml';
import { bridge } from '../../../../scripts/cluster/settings.ts';

interface Policy {
  metadata: { name: string; namespace: string };
  spec: { ingress?: { from?: { ipBlock?: { cidr: string } }[] }[] };
}

const file = new URL(
  '../../../../knative/overlays/local/tiers/broker-api-server.yaml',
  import.meta.url,
);
const policies = parseAllDocuments(readFileSync(file, 'utf8')).map((one) => one.toJS() as Policy);

test('the API server, and nothing else beside pods, reaches the Broker', (t) => {
  const broker = policies.find(({ metadata }) => metadata.name === 'broker-api-server');
  const blocks = broker?.spec.ingress?.flatMap(({ from = [] }) => from.map((one) => one.ipBlock));
  t.deepEqual(
    blocks?.filter((block) => block !== undefined),
    [{ cidr: `${bridge.address}/32` }],
  );
});
