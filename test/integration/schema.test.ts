/** What the API server itself refuses of a network, by the CRD's schema and rules. */
import test from 'ava';
import { stringify } from 'yaml';
import { manifest, startKubernetesApi, type KubernetesApi } from './kubernetes-api.ts';

let api: KubernetesApi;

test.before(async () => {
  api = await startKubernetesApi();
  const definition = await manifest('knative/base/crd/fabricnetwork.yaml');
  await api.kubectl(['apply', '-f', '-'], definition);
  const crd = 'crd/fabricnetworks.selvedge.dev';
  await api.kubectl(['wait', '--for=condition=Established', '--timeout=60s', crd]);
});
test.after.always(() => api.stop());

/** Asks the API server, which checks and keeps nothing. */
const apply = (endorsement: string): Promise<string> =>
  api.kubectl(
    ['apply', '--dry-run=server', '-f', '-'],
    stringify({
      apiVersion: 'selvedge.dev/v1alpha1',
      kind: 'FabricNetwork',
      metadata: { name: 'schema', namespace: 'default' },
      spec: {
        consensus: { type: 'raft', orderers: 1 },
        organizations: [
          { name: 'farm', mspId: 'FarmMSP' },
          { name: 'shop', mspId: 'ShopMSP' },
        ],
        channels: [
          {
            name: 'goods',
            organizations: ['farm', 'shop'],
            chaincodes: [{ name: 'anchor', builtin: 'anchor', version: '1', endorsement }],
          },
        ],
      },
    }),
  );

for (const endorsement of [
  "OR('FarmMSP.peer','ShopMSP.peer')",
  "and('FarmMSP.member', OutOf(1, 'ShopMSP.admin', 'FarmMSP.client'))",
  '/Channel/Application/Endorsement',
]) {
  test(`the endorsement policy ${endorsement} is taken`, async (t) => {
    t.regex(await apply(endorsement), /created/);
  });
}

const refused: [endorsement: string, why: RegExp][] = [
  ["OR('FarmMSP.peer'", /not an endorsement policy/],
  ["OR('FarmMSP.king')", /not an endorsement policy/],
  ["XOR('FarmMSP.peer')", /not an endorsement policy/],
  ['whoever', /not an endorsement policy/],
  ['/Channel/Application/Kings', /not an endorsement policy/],
];
for (const [endorsement, why] of refused) {
  test(`the endorsement policy ${endorsement} is refused`, async (t) => {
    await t.throwsAsync(apply(endorsement), { message: why });
  });
}
