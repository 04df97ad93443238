import type { SampleResult } from '../cli/sample.ts';
import { kubectlLink } from '../cluster/nodes/kubectl.ts';
import { kubeconfig } from '../cluster/settings.ts';
import { gatewayAddress } from './up.ts';

/** Prints where everything is, and the receipts of what was stored. */
export function printSummary(sample: SampleResult | undefined): void {
  const kubectl = `${kubectlLink} --kubeconfig ${kubeconfig}`;
  console.log(`
Selvedge runs.

  gateway   ${gatewayAddress}   (API: ${gatewayAddress}/openapi.json)
  token     ${kubectl} create token alice --namespace selvedge-users --audience selvedge
  kubectl   export KUBECONFIG=${kubeconfig} PATH=$PATH:${kubectlLink.replace(/\/kubectl$/, '')}
            kubectl get pods --namespace selvedge
`);
  if (sample === undefined) return;
  console.log('Stored, read back, and verified against the chain:\n');
  for (const receipt of sample.receipts) console.log(`${JSON.stringify(receipt, undefined, 2)}\n`);
}
