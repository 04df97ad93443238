/** Events in; what is so of the caller's key out. */
import { z } from 'zod';
import { requests } from '../lib/events.ts';
import type { Authenticator } from '../lib/function/authentication.ts';
import { endpoint, type Call, type Endpoint, type Reply } from '../lib/function/serve.ts';
import type { KeyStatus } from '../lib/user-key.ts';
import type { Deps } from './deps.ts';
import { destroy } from './destroy.ts';
import { rotate } from './rotate.ts';
import { status } from './status.ts';
import { sweep } from './sweep.ts';

export interface Handlers {
  deps: Deps;
  authenticator: Authenticator;
}

export function endpoints({ deps, authenticator }: Handlers): Record<string, Endpoint<unknown>> {
  const sweeping = endpoint(z.looseObject({}), async ({ log }: Call<unknown>): Promise<Reply> => {
    log.info(await sweep(deps, log), 'the sweep is done');
    return { status: 200 };
  });
  return {
    'dev.selvedge.key.get.v1': endpoint(
      requests['dev.selvedge.key.get.v1'],
      async ({ authorization }) => {
        const { id } = await authenticator.authenticate(authorization);
        return json(200, await status(deps, id));
      },
    ),
    'dev.selvedge.key.rotate.v1': endpoint(
      requests['dev.selvedge.key.rotate.v1'],
      async ({ authorization, log }) => {
        const { id } = await authenticator.authenticate(authorization);
        const rotating = await rotate(deps, id);
        const version = rotating.versions.at(-1)?.version;
        log.info({ audit: 'key', user: id, version }, 'a key rotates');
        return json(202, rotating);
      },
    ),
    'dev.selvedge.key.destroy.v1': endpoint(
      requests['dev.selvedge.key.destroy.v1'],
      async ({ authorization, log }) => {
        const { id } = await authenticator.authenticate(authorization);
        // Told before as well: it may be done without the second line.
        log.info({ audit: 'key', user: id }, 'a key is to be destroyed');
        const destroyedAt = await destroy(deps, id);
        log.info({ audit: 'key', user: id, destroyedAt }, 'a key is destroyed');
        return { status: 204 };
      },
    ),
    'dev.selvedge.key.sweep.v1': sweeping,
    // What a PingSource sends; its type cannot be chosen.
    'dev.knative.sources.ping': sweeping,
  };
}

function json(status: number, value: KeyStatus): Reply {
  const headers = { 'Content-Type': 'application/json' };
  return { status, headers, body: JSON.stringify(value) };
}
