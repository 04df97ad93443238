import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { coalesced } from '../lib/coalesced.ts';
import { deadLetterPath } from '../lib/dead-letter.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectKubelet } from '../lib/kubernetes/kubelet.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLogger } from '../lib/log.ts';
import { vaultOptions } from '../lib/function/options.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { connectVault } from '../lib/vault/client.ts';
import { readUnsealKeys } from '../lib/vault/unseal-keys.ts';
import { connectMember, type VaultMember } from '../lib/vault/members.ts';
import { createPeers } from '../lib/vault/peers.ts';
import { fenceNode } from './actions/fence-node.ts';
import { replace } from './actions/replace.ts';
import { restart } from './actions/restart.ts';
import { takeBack } from './actions/take-back.ts';
import { unseal } from './actions/unseal.ts';
import { gather } from './gather.ts';
import { deadLetters, look, suspected } from './handler.ts';
import { createKeeper } from './letters/keep.ts';
import { createNodeLook } from './nodes/look.ts';
import { pass, type Failover } from './pass.ts';
import { createRecorder } from './record.ts';
import { inTurn } from './turn.ts';
import { connectKeepers, lookAtVolume } from './volume.ts';

const env = readEnv({
  PORT: settings.PORT,
  NAMESPACE: settings.NAMESPACE,
  /** Where the storage tiers are. */
  STORAGE_NAMESPACE: settings.NAMESPACE,
  /** Where the servers of replicated volumes are; left out where no volume can be used from two nodes. */
  VOLUMES_NAMESPACE: settings.NAMESPACE.optional(),
  BROKER_URL: settings.BROKER_URL,
  CA_FILE: settings.CA_FILE,
  /** The address of a Vault member; `{pod}` stands for its pod's name. */
  VAULT_MEMBERS: z.string().includes('{pod}'),
  VAULT_ENDPOINTS: settings.VAULT_ENDPOINTS,
  VAULT_ROLE: settings.VAULT_ROLE,
  VAULT_TOKEN_FILE: settings.VAULT_TOKEN_FILE,
});
const log = createLogger('failover');
const { NAMESPACE: namespace, STORAGE_NAMESPACE: storageNamespace } = env;
const kubernetes = connectKubernetes();
const ca = readFileSync(env.CA_FILE);
const vaultMember = (pod: string): VaultMember =>
  connectMember({ address: env.VAULT_MEMBERS.replace('{pod}', pod), ca, timeoutMs: 3_000 });
const peers = createPeers(connectVault({ ...vaultOptions(env), timeoutMs: 2_000 }));
const unsealKeys = () => readUnsealKeys(kubernetes, storageNamespace);

const broker = connectBroker(env.BROKER_URL);
const recorder = createRecorder({ kubernetes, broker, namespace, log });
const ofAccount = (file: string): Buffer =>
  readFileSync(join('/var/run/secrets/kubernetes.io/serviceaccount', file));
const kubelet = connectKubelet({
  ca: () => ofAccount('ca.crt'),
  token: () => ofAccount('token').toString(),
});
const below = {
  ...{ kubernetes, namespace, broker },
  keepers: connectKeepers(),
  volumes: env.VOLUMES_NAMESPACE,
};
const sources = {
  kubernetes,
  namespace: storageNamespace,
  vaultMember,
  peers,
  nodes: createNodeLook({ kubernetes, kubelet, namespace, now: () => performance.now() / 1000 }),
  volume: () => lookAtVolume(below),
};
const failover: Failover = {
  gather: () => gather(sources),
  actions: {
    unseal: ({ target }) => unseal(vaultMember(target.pod), unsealKeys),
    replace: ({ target: { pod } }) => replace(vaultMember(pod), { name: pod, peers }, unsealKeys),
    restart: ({ target }) => restart(kubernetes, target),
    'fence-node': ({ node }) => fenceNode(below, node),
    'take-back': ({ node }) => takeBack(below, node),
  },
  recorder,
};

/** However many pods the function has: one pass at a time in all of them. */
const lease = {
  kubernetes,
  metadata: { name: 'failover', namespace },
  holder: `${hostname()}-${randomUUID()}`,
  log,
  now: () => new Date(),
};

const lookRound = coalesced(() => inTurn(lease, (signal) => pass(failover, { signal })));
const app = functionApp({
  endpoints: {
    '*': look(lookRound),
    'dev.selvedge.member.suspected.v1': suspected(
      (report) => log.warn(report, 'an address is said to be silent'),
      lookRound,
    ),
  },
  paths: { [deadLetterPath]: deadLetters(createKeeper({ kubernetes, recorder, namespace })) },
  log,
});
serve(app, { port: env.PORT, log });
