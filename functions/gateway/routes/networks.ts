import { text, type Request, type RequestHandler } from 'express';
import type { Access, Authorizer } from '../../lib/kubernetes/authorization.ts';
import { parse } from '../../lib/function/envelope.ts';
import { BadRequest } from '../../lib/errors.ts';
import type { FabricNetwork } from '../../lib/network.ts';
import { callerOf } from '../context.ts';
import { proceed } from '../expect.ts';
import type { Networks } from '../networks.ts';
import { networkPath } from '../parameters.ts';
import { UnsupportedMediaType } from '../problem.ts';
import type { Progress } from '../progress.ts';
import { readSpec, specTypes } from '../spec.ts';
import { described } from './networks-described.ts';
import type { Route } from './route.ts';

export interface NetworkOptions {
  networks: Networks;
  authorizer: Authorizer;
  progress: Progress;
  /** The namespace of all networks. */
  namespace: string;
}

/** The largest spec taken, in bytes: far above any real one. */
const specLimit = 256 * 1024;

/** Networks, each act allowed by Kubernetes RBAC. */
export function networkRoutes(options: NetworkOptions): Route[] {
  const { networks, authorizer, progress, namespace } = options;

  /** Lets through who may. Creating is asked for besides, once it is known to be that. */
  const may =
    (verb: Access['verb']): RequestHandler =>
    async (request, response, next) => {
      const name = verb === 'list' ? {} : { name: nameOf(request) };
      const access: Access = { verb, resource: 'fabricnetworks', namespace, ...name };
      await authorizer.require(callerOf(response), access);
      next();
    };

  const list: RequestHandler = async (_request, response) => {
    response.json({ items: (await networks.list()).map(present) });
  };
  const get: RequestHandler = async (request, response) => {
    response.json(present(await networks.get(nameOf(request))));
  };
  const put: RequestHandler = async (request, response) => {
    const name = nameOf(request);
    const spec = readSpec(typeof request.body === 'string' ? request.body : '', name);
    const access: Access = { verb: 'create', resource: 'fabricnetworks', namespace, name };
    const mayCreate = () => authorizer.require(callerOf(response), access);
    const { network, changed } = await networks.put(name, spec, mayCreate);
    response.status(changed ? 202 : 200).json(present(network));
  };
  const remove: RequestHandler = async (request, response) => {
    response.status(202).json(present(await networks.remove(nameOf(request))));
  };
  const follow: RequestHandler = async (request, response) => {
    await progress.stream(nameOf(request), response, present);
  };

  return [
    { ...described.list, handlers: [may('list'), list] },
    { ...described.get, handlers: [may('get'), get] },
    { ...described.put, handlers: [may('update'), takesSpec, proceed, specText, put] },
    { ...described.remove, handlers: [may('delete'), remove] },
    { ...described.follow, handlers: [may('watch'), follow] },
  ];
}

const specText = text({ type: () => true, limit: specLimit, inflate: false });

const takesSpec: RequestHandler = (request, _response, next) => {
  const length = request.headers['content-length'];
  const chunked = request.headers['transfer-encoding'] !== undefined;
  if (!chunked && (length ?? '0') === '0') throw new BadRequest("the network's spec is needed");
  const type = request.get('content-type');
  if (type !== undefined && !request.is(specTypes)) {
    throw new UnsupportedMediaType(`the spec comes as one of ${specTypes.join(', ')}`);
  }
  next();
};

function nameOf(request: Request): string {
  return parse(networkPath, request.params, 'the path').network;
}

/** A network as the HTTP API shows it. */
export function present({ metadata, spec, status }: FabricNetwork) {
  const { name, generation, creationTimestamp: createdAt, deletionTimestamp: deletedAt } = metadata;
  return { name, generation, createdAt, deletedAt, spec, status };
}
