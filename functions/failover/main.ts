import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { coalesced } from '../lib/coalesced.ts';
import { connectBroker } from '../lib/function/broker.ts';
import { readEnv, settings } from '../lib/function/env.ts';
import { connectKubernetes } from '../lib/kubernetes/client.ts';
import { createLogger } from '../lib/log.ts';
import { functionApp, serve } from '../lib/function/serve.ts';
import { readUnsealKeys } from '../lib/vault/unseal-keys.ts';
import { connectMember, type VaultMember } from '../lib/vault/members.ts';
import { unseal } from './actions/unseal.ts';
import type { MemberTarget } from './targets.ts';
import { gather } from './gather.ts';
import { endpoints } from './handler.ts';
import { pass } from './pass.ts';
import { createRecorder } from './record.ts';

const env = readEnv({
  PORT: settings.PORT,
  NAMESPACE: settings.NAMESPACE,
  /** Where the storage tiers are. */
  STORAGE_NAMESPACE: settings.NAMESPACE,
  BROKER_URL: settings.BROKER_URL,
  CA_FILE: settings.CA_FILE,
  /** The address of a Vault member; `{pod}` stands for its pod's name. */
  VAULT_MEMBERS: z.string().includes('{pod}'),
});
const log = createLogger('failover');
const { NAMESPACE: namespace, STORAGE_NAMESPACE: storageNamespace } = env;
const kubernetes = connectKubernetes();
const ca = readFileSync(env.CA_FILE);
const vaultMember = (pod: string): VaultMember =>
  connectMember({ address: env.VAULT_MEMBERS.replace('{pod}', pod), ca, timeoutMs: 3_000 });

const recorder = createRecorder({
  kubernetes,
  broker: connectBroker(env.BROKER_URL),
  namespace,
  log,
});
const failover = {
  gather: () => gather({ kubernetes, namespace: storageNamespace, vaultMember }),
  actions: {
    unseal: ({ target }: { target: MemberTarget }) =>
      unseal(vaultMember(target.pod), () => readUnsealKeys(kubernetes, storageNamespace)),
  },
  recorder,
};

const app = functionApp({
  endpoints: endpoints(
    coalesced(() => pass(failover)),
    recorder,
  ),
  log,
});
serve(app, { port: env.PORT, log });
