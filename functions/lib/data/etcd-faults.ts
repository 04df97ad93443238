/** Which member of etcd is asked, and when another is. */
import {
  BrokenCircuitError,
  ExponentialBackoff,
  handleType,
  NoopPolicy,
  retry,
  type IDefaultPolicyContext,
} from 'cockatiel';
import { GRPCDeadlineExceededError, GRPCUnavailableError } from 'etcd3';
import { Silent, Suspects, type Tell } from '../suspicion/suspects.ts';

/**
 * What shows that a member does not work. Not the SDK's own list: it holds also «out of space»,
 * and members that only take deletes would be passed over for these too.
 */
const failure = handleType(GRPCUnavailableError).orType(GRPCDeadlineExceededError);

/** @param endpoints of every member, as they are given to the SDK */
export function faultHandling(endpoints: readonly string[], tell: Tell | undefined) {
  const suspects = new Suspects({ kind: 'etcd', tell });
  return {
    host: (endpoint: string) => new Member(endpoint, endpoints, suspects),
    // Another member is tried; with three there is one that works if any two do. The tries last
    // longer than an election, so that one of them meets the new leader.
    global: retry(failure.orType(BrokenCircuitError), {
      maxAttempts: 7,
      backoff: new ExponentialBackoff({ initialDelay: 50, maxDelay: 500 }),
    }),
  };
}

/** A call to a member: one that is suspected is passed over while there is another. */
class Member extends NoopPolicy {
  readonly #endpoint: string;
  readonly #all: readonly string[];
  readonly #suspects: Suspects;

  constructor(endpoint: string, all: readonly string[], suspects: Suspects) {
    super();
    this.#endpoint = endpoint;
    this.#all = all;
    this.#suspects = suspects;
  }

  override async execute<T>(
    call: (context: IDefaultPolicyContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T> {
    const suspects = this.#suspects;
    // The SDK takes this for «not called», and goes on to the next.
    if (this.#isPassedOver()) throw new BrokenCircuitError();
    try {
      const run = (): Promise<T> => super.execute(call, signal);
      const answer = await suspects.watch(this.#endpoint, run);
      suspects.answered(this.#endpoint);
      return answer;
    } catch (error) {
      throw this.#note(error);
    }
  }

  /** Of what is unavailable, the SDK drops its connection to the member, which may never wake again. */
  #note(error: unknown): unknown {
    const suspects = this.#suspects;
    if (error instanceof Silent) return new GRPCUnavailableError(error.message);
    if (error instanceof GRPCDeadlineExceededError) suspects.late(this.#endpoint);
    if (!(error instanceof GRPCUnavailableError)) return error;
    // A follower of a leader that is away says so itself.
    if (error.message.includes('etcdserver:')) suspects.late(this.#endpoint);
    else suspects.failed(this.#endpoint);
    return error;
  }

  #isPassedOver(): boolean {
    const suspects = this.#suspects;
    if (!suspects.isSuspected(this.#endpoint)) return false;
    return this.#all.some((other) => !suspects.isSuspected(other));
  }
}
