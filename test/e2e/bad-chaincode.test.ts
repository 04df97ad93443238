/** Chaincodes that do not run: what the network says of them, and that nobody waits for them. */
import test from 'ava';
import type { KubernetesObject } from '../../functions/lib/kubernetes/client.ts';
import type { FabricNetwork } from '../../functions/lib/network.ts';
import { eventually, fresh, kubernetes, namespace, pods } from './cluster.ts';

const ref = { apiVersion: 'selvedge.dev/v1alpha1', kind: 'FabricNetwork', namespace };

const exits = `
console.log('about to end');
throw new Error('this chaincode ends by itself');
`;
const empty = 'module.exports = {};';

/** A network with the anchor and a chaincode of one file, which a ConfigMap of its name holds. */
async function networkWith(name: string, source: string): Promise<void> {
  const data = { 'index.js': source, 'package.json': '{"name":"bad","version":"1.0.0"}' };
  await kubernetes.apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data,
  } as KubernetesObject);
  await kubernetes.apply<FabricNetwork & KubernetesObject>({
    apiVersion: ref.apiVersion,
    kind: 'FabricNetwork',
    metadata: { name, namespace },
    spec: {
      consensus: { type: 'raft', orderers: 1 },
      organizations: [{ name: 'farm', mspId: 'FarmMSP' }],
      channels: [
        {
          name: 'goods',
          organizations: ['farm'],
          chaincodes: [
            { name: 'anchor', builtin: 'anchor', version: '1' },
            { name: 'bad', source: { configMap: name }, version: '1' },
          ],
        },
      ],
      data: { channel: 'goods' },
    },
  } as FabricNetwork);
}

async function remove(name: string): Promise<void> {
  await kubernetes.remove({ ...ref, name });
  await kubernetes.remove({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
}

const conditionOf = async (name: string, type: string) => {
  const { status } =
    (await kubernetes.get<FabricNetwork & KubernetesObject>({ ...ref, name })) ?? {};
  return status?.conditions?.find((one) => one.type === type);
};

for (const [what, source, said] of [
  ['exits', exits, /exit code 1: .*this chaincode ends by itself/],
  ['exports no contract', empty, /exit code 1: .*exports no list "contracts" of contract classes/],
] as const) {
  test.serial(
    `a chaincode that ${what} is said with its cause within 60 s of the anchor`,
    async (t) => {
      const name = fresh('bad');
      t.teardown(() => remove(name));
      await networkWith(name, source);
      await eventually('the anchor runs', 180, async () => {
        return (await conditionOf(name, 'Anchor'))?.status === 'True';
      });
      const told = await eventually('the cause is told', 60, async () => {
        const condition = await conditionOf(name, 'Chaincodes');
        return condition?.reason === 'ChaincodeFailed' && condition;
      });
      t.regex(told.message, said);
      t.is((await conditionOf(name, 'Endpoints'))?.status, 'True');
      const network = await kubernetes.get<FabricNetwork & KubernetesObject>({ ...ref, name });
      t.is(network?.status?.phase, 'Degraded');
    },
  );
}

test.serial('provisioning goes back to zero while a chaincode goes on failing', async (t) => {
  const name = fresh('bad');
  t.teardown(() => remove(name));
  await networkWith(name, exits);
  await eventually('the cause is told', 240, async () => {
    return (await conditionOf(name, 'Chaincodes'))?.reason === 'ChaincodeFailed';
  });
  await eventually('provisioning is at zero', 240, async () => {
    return (await pods('serving.knative.dev/service=provisioning')).length === 0;
  });
  t.is((await conditionOf(name, 'Chaincodes'))?.reason, 'ChaincodeFailed');
});
