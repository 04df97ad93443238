import { Conflict } from '../../functions/lib/errors.ts';
import { connectHttp, connectTarget, type TargetOptions } from './target.ts';

/** Where the service accounts are that users log in with. */
export const usersNamespace = 'selvedge-users';

/**
 * A bearer token for the gateway: of the service account `name` in `selvedge-users`, unless told, which is made
 * if it is not there (Kubernetes TokenRequest). It is what `kubectl create token NAME --namespace
 * selvedge-users --audience selvedge` gives.
 */
export async function issueToken(
  options: TargetOptions,
  name: string,
  { audience = 'selvedge', seconds = 3600, namespace = usersNamespace } = {},
): Promise<string> {
  const metadata = { name, namespace };
  const { kubernetes } = connectTarget(options);
  try {
    await kubernetes.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
  }
  const account = `serviceaccounts/${encodeURIComponent(name)}`;
  const { status } = await connectHttp(options).json<{ status: { token: string } }>({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/${account}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], expirationSeconds: seconds },
    },
  });
  return status.token;
}
