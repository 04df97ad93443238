/** What kubectl refuses, told by the CRD alone: nothing is made and no function is woken. */
import test from 'ava';
import { stringify } from 'yaml';
import { networkSpec, type FabricNetwork } from '../../functions/lib/network.ts';
import { command, kubeconfig, namespace, network } from './cluster.ts';

type Change = (network: FabricNetwork) => unknown;

const good = (): FabricNetwork => ({
  apiVersion: 'selvedge.dev/v1alpha1',
  kind: 'FabricNetwork',
  metadata: { name: 'schema', namespace },
  spec: {
    consensus: { type: 'raft', orderers: 3 },
    organizations: [
      { name: 'farm', mspId: 'FarmMSP', peers: 2 },
      { name: 'shop', mspId: 'ShopMSP' },
    ],
    channels: [
      {
        name: 'goods',
        organizations: ['farm', 'shop'],
        chaincodes: [{ name: 'anchor', builtin: 'anchor', version: '1' }],
      },
    ],
    data: { channel: 'goods' },
  },
});

/** Asks the API server, which checks and keeps nothing. */
async function apply(object: object): Promise<string> {
  const args = ['--kubeconfig', kubeconfig, 'apply', '--dry-run=server', '-f', '-'];
  const output = await command('.selvedge/bin/kubectl', args, Buffer.from(stringify(object)));
  return output.toString();
}

const channel = (of: FabricNetwork) => of.spec.channels[0]!;

const refused: Record<string, Change> = {
  'no orderers': ({ spec }) => (spec.consensus.orderers = 0),
  'BFT with 3 orderers': ({ spec }) => (spec.consensus = { type: 'bft', orderers: 3 }),
  'two organizations with one MSP id': ({ spec }) =>
    spec.organizations.push({ name: 'other', mspId: 'FarmMSP' }),
  'a name with ../': ({ spec }) => (spec.organizations[0]!.name = '../x'),
  'a name of 300 characters': (of) => (channel(of).name = 'a'.repeat(300)),
  'a unicode name': ({ spec }) => (spec.organizations[0]!.mspId = 'Fårm'),
  'an even number of Raft orderers': ({ spec }) => (spec.consensus.orderers = 2),
  'more orderers than 9': ({ spec }) => (spec.consensus.orderers = 11),
  'an unknown consensus': ({ spec }) => (spec.consensus.type = 'solo' as 'raft'),
  'an endorsement policy that is none': (of) =>
    (channel(of).chaincodes![0]!.endorsement = "OR('FarmMSP.peer'"),
  'no organization': ({ spec }) => (spec.organizations = []),
  'an organization without peers': ({ spec }) => (spec.organizations[0]!.peers = 0),
  'half a peer': ({ spec }) => (spec.organizations[0]!.peers = 1.5),
  'two organizations of one name': ({ spec }) =>
    spec.organizations.push({ name: 'farm', mspId: 'OtherMSP' }),
  'two channels of one name': (of) => of.spec.channels.push({ ...channel(of), chaincodes: [] }),
  'an organization twice in a channel': (of) => channel(of).organizations.push('farm'),
  'a channel of an unknown organization': (of) => channel(of).organizations.push('mill'),
  'two chaincodes of one name': (of) =>
    channel(of).chaincodes!.push({ name: 'anchor', builtin: 'anchor', version: '2' }),
  'a chaincode without origin': (of) => channel(of).chaincodes!.push({ name: 'a', version: '1' }),
  'a chaincode with two origins': (of) =>
    channel(of).chaincodes!.push({
      name: 'a',
      version: '1',
      builtin: 'anchor',
      source: { configMap: 'a' },
    }),
  'an image without digest': (of) =>
    channel(of).chaincodes!.push({ name: 'a', version: '1', image: 'registry.example/a:1' }),
  'data in a channel that is not there': ({ spec }) => (spec.data = { channel: 'other' }),
  'data in a channel without anchor': (of) => (channel(of).chaincodes = []),
};

test.serial('the network all these are variations of is accepted', async (t) => {
  t.regex(await apply(good()), /created \(server dry run\)/);
});

for (const [what, change] of Object.entries(refused)) {
  test.serial(`kubectl and zod refuse ${what}`, async (t) => {
    const bad = good();
    change(bad);
    t.false(networkSpec.safeParse(bad.spec).success);
    const error = await t.throwsAsync<Error & { stderr: Buffer }>(apply(bad));
    t.regex(error.stderr.toString(), /is invalid/);
  });
}

test.serial('kubectl refuses a network whose name is too long for its pods', async (t) => {
  const bad = good();
  bad.metadata.name = 'n'.repeat(25);
  await t.throwsAsync(apply(bad));
});

const fixed: Record<string, Change> = {
  'the number of orderers': ({ spec }) => (spec.consensus.orderers = 5),
  'an MSP id': ({ spec }) => (spec.organizations[0]!.mspId = 'OtherMSP'),
  'the order of the organizations': ({ spec }) => spec.organizations.reverse(),
  'the organizations of a channel': (of) => channel(of).organizations.pop(),
};

for (const [what, change] of Object.entries(fixed)) {
  test.serial(`${what} cannot be changed once the network exists`, async (t) => {
    const changed = good();
    changed.metadata.name = network;
    change(changed);
    const error = await t.throwsAsync<Error & { stderr: Buffer }>(apply(changed));
    t.regex(error.stderr.toString(), /cannot be|nor its organizations/);
  });
}
