import { isWhole } from '../cluster/plan.ts';
import { kubectl } from '../cluster/nodes/kubectl.ts';
import { ownership } from '../cluster/machine/owner.ts';
import { logOf, started } from '../cluster/machine/processes.ts';

/** Prints the programs of the local cluster and whether they run, and its nodes; the exit code is 1 if one does not. */
export async function printStatus(): Promise<void> {
  const { owner, alive } = await ownership();
  if (owner === undefined || !alive) {
    console.log('No local cluster runs on this machine.');
    process.exitCode = 1;
    return;
  }
  console.log(`The cluster of ${owner} runs on this machine.`);
  for (const { name, running } of await started())
    console.log(`${running ? 'runs ' : 'ENDED'}  ${name.padEnd(26)} ${logOf(name)}`);
  if (await isWhole()) console.log(await kubectl(['get', 'nodes']));
  else process.exitCode = 1;
}
