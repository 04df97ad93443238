/** Peers' Gateway services made up of what each call shall answer, over real gRPC and TLS. */
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { gateway, peer } from '@hyperledger/fabric-protos';
import type { PeerEndpoint } from '../../../../functions/lib/fabric/connection.ts';
import { assemble } from '../../../../functions/lib/fabric/proposals.ts';
import type { TestOrganization } from './identities.ts';

/** A gRPC status to fail with, and what is said with it. */
type Failure = status | { code: status; details: string };

/** A validation code, or `never`. */
type Committed = number | 'never' | undefined;

/** An answer: what to fail with, or undefined to go on. Called once per call. */
export interface Behaviour {
  endorse?: () => Failure | undefined;
  submit?: () => Failure | undefined;
  /** The validation code of the transaction, or `never` to leave the caller waiting. */
  commit?: () => Committed | Promise<Committed>;
}

export interface FakeGateway {
  endpoint: PeerEndpoint;
  /** The calls received, in order, as `endorse tx`, `submit tx`, `status tx`, `evaluate`. */
  calls: string[];
  behaviour: Behaviour;
  /** Goes away, calls under way included. */
  stop(): void;
}

/** Every transaction returns `result` and is committed in block 7. */
export async function startGateway(
  organization: TestOrganization,
  behaviour: Behaviour = {},
): Promise<FakeGateway> {
  const pair = await organization.tls.issue({ name: 'peer', hosts: ['localhost', '127.0.0.1'] });
  const server = new Server();
  const calls: string[] = [];
  const fake: FakeGateway = {
    endpoint: {
      address: '',
      hostname: 'localhost',
      mspId: organization.mspId,
      tlsRoot: organization.tls.certificate,
    },
    calls,
    behaviour,
    stop: () => server.forceShutdown(),
  };

  server.addService(gateway.GatewayService, {
    endorse: (
      { request }: Unary<gateway.EndorseRequest>,
      reply: Reply<gateway.EndorseResponse>,
    ) => {
      calls.push(`endorse ${request.getTransactionId()}`);
      answer(reply, fake.behaviour.endorse?.(), () => endorsed(request));
    },
    submit: ({ request }: Unary<gateway.SubmitRequest>, reply: Reply<gateway.SubmitResponse>) => {
      calls.push(`submit ${request.getTransactionId()}`);
      answer(reply, fake.behaviour.submit?.(), () => new gateway.SubmitResponse());
    },
    commitStatus: (
      { request }: Unary<gateway.SignedCommitStatusRequest>,
      reply: Reply<gateway.CommitStatusResponse>,
    ) => {
      const asked = gateway.CommitStatusRequest.deserializeBinary(request.getRequest_asU8());
      calls.push(`status ${asked.getTransactionId()}`);
      void Promise.resolve(fake.behaviour.commit?.()).then((code = 0) => {
        if (code !== 'never') reply(null, committed(code));
      });
    },
    evaluate: (_: unknown, reply: Reply<gateway.EvaluateResponse>) => {
      calls.push('evaluate');
      answer(reply, fake.behaviour.endorse?.(), () => {
        const response = new gateway.EvaluateResponse();
        response.setResult(result());
        return response;
      });
    },
    chaincodeEvents: () => undefined,
  });
  const credentials = ServerCredentials.createSsl(null, [
    { cert_chain: Buffer.from(pair.certificate), private_key: Buffer.from(pair.privateKey) },
  ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  fake.endpoint.address = `127.0.0.1:${port}`;
  return fake;
}

type Unary<Request> = ServerUnaryCall<Request, unknown>;
type Reply<Response> = sendUnaryData<Response>;

function answer<R>(reply: Reply<R>, failure: Failure | undefined, response: () => R): void {
  if (failure === undefined) reply(null, response());
  else reply(typeof failure === 'object' ? failure : { code: failure, details: status[failure] });
}

function committed(code: number): gateway.CommitStatusResponse {
  const response = new gateway.CommitStatusResponse();
  response.setResult(code as peer.TxValidationCodeMap[keyof peer.TxValidationCodeMap]);
  response.setBlockNumber(7);
  return response;
}

function result(): peer.Response {
  const response = new peer.Response();
  response.setStatus(200);
  response.setPayload(Buffer.from('result'));
  return response;
}

function endorsed(request: gateway.EndorseRequest): gateway.EndorseResponse {
  const action = new peer.ChaincodeAction();
  action.setResponse(result());
  const payload = new peer.ProposalResponsePayload();
  payload.setExtension$(action.serializeBinary());
  const proposed = new peer.ProposalResponse();
  proposed.setPayload(payload.serializeBinary());
  const proposal = {
    transactionId: request.getTransactionId(),
    signed: request.getProposedTransaction() ?? new peer.SignedProposal(),
  };
  const response = new gateway.EndorseResponse();
  response.setPreparedTransaction(assemble(proposal, [proposed]));
  return response;
}

/** The way to a peer, which can fall silent: it takes connections, and passes nothing on. */
export interface Way {
  endpoint: PeerEndpoint;
  fallSilent(): void;
  stop(): void;
}

export async function startWay({ endpoint }: FakeGateway): Promise<Way> {
  const port = Number(endpoint.address.split(':')[1]);
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((near) => {
    sockets.add(near);
    if (silent) return;
    const far = createConnection(port, '127.0.0.1');
    sockets.add(far);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: { ...endpoint, address: `127.0.0.1:${(server.address() as AddressInfo).port}` },
    fallSilent() {
      silent = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
