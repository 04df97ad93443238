import type { Chaincode, Channel } from '../../lib/network.ts';
import { concurrently } from '../../lib/concurrently.ts';
import { listPods, membersOf, reachable, type Reachable } from '../members.ts';
import type { Pass } from '../pass.ts';
import { deploy, report, type Report } from './deploy.ts';
import { type Outcome, type Step, unless } from './step.ts';
import { removeStrays, withdraw } from './withdraw.ts';

/** How many are deployed at once: each is a few transactions and a wait for its pods. */
const mostAtOnce = 4;

const isAnchor = ({ builtin }: Chaincode): boolean => builtin === 'anchor';

/**
 * The chaincode of Selvedge's own, which data are anchored by: apart from the others, so that none
 * of them keeps data waiting.
 */
export const anchor: Step = {
  name: 'anchor',
  after: ['joins'],
  run: async (pass) => outcomeOf(await deployEach(pass, await peersOf(pass), isAnchor)),
};

/**
 * Every other chaincode installed, approved by each organization, committed, and running; each for
 * itself. What a channel has and the spec has not (any more) stops.
 */
export const chaincodes: Step = {
  name: 'chaincodes',
  after: ['joins'],
  async run(pass) {
    const peers = await peersOf(pass);
    const [deployed, withdrawn] = await Promise.all([
      deployEach(pass, peers, (chaincode) => !isAnchor(chaincode)),
      Promise.all(
        pass.plan.spec.channels.map((channel) =>
          withdraw(pass, channel, membersIn(channel, peers)),
        ),
      ),
    ]);
    await removeStrays(pass);
    return outcomeOf([...deployed, ...withdrawn]);
  },
};

type Peers = ReturnType<typeof reachable>;

const peersOf = async (pass: Pass): Promise<Peers> =>
  reachable(
    membersOf(pass.plan, 'peer', await listPods(pass.clients.kubernetes, pass.plan, 'peer')),
  );

const membersIn = ({ organizations }: Channel, { up }: Peers): Reachable[] =>
  up.filter(({ group }) => organizations.includes(group.organization));

async function deployEach(
  pass: Pass,
  peers: Peers,
  wanted: (chaincode: Chaincode) => boolean,
): Promise<Report[]> {
  const work = pass.plan.spec.channels.flatMap((channel) =>
    channel.chaincodes.filter(wanted).map((chaincode) => ({ channel, chaincode })),
  );
  const reports = await concurrently(mostAtOnce, work, ({ channel, chaincode }) =>
    deploy(pass, channel, chaincode, membersIn(channel, peers)),
  );
  return [...reports, report({ missing: work.length > 0 ? peers.down : [] })];
}

function outcomeOf(reports: readonly Report[]): Outcome {
  const all = (part: keyof Report): string[] => reports.flatMap((one) => one[part]);
  const broken = all('broken').join('; ');
  const note = all('notes').join('; ');
  return {
    ...unless(all('missing'), all('silent')),
    ...(broken && { broken: { reason: 'ChaincodeFailed', message: broken } }),
    ...(note && { note }),
  };
}
