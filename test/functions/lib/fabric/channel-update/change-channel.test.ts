import test from 'ava';
import {
  Conflict,
  NotFound,
  Unavailable,
  Unprocessable,
} from '../../../../../functions/lib/errors.ts';
import type { Change } from '../../../../../functions/lib/fabric/channel-update/change.ts';
import { changeChannel } from '../../../../../functions/lib/fabric/channel-update/change-channel.ts';
import { addAnchorPeer } from '../../../../../functions/lib/fabric/channel-update/changes/organizations.ts';
import { configOf } from '../../../../../functions/lib/fabric/config-block.ts';
import { channelGenesis } from '../../../../../functions/lib/fabric/genesis.ts';
import type { OrdererClient } from '../../../../../functions/lib/fabric/orderer.ts';
import { configBlock } from '../../../../fakes/config-block.ts';
import { farm, spec } from '../spec.ts';

const change = addAnchorPeer('farm', { host: 'farm-peer-1', port: 7051 });
const other = addAnchorPeer('shop', { host: 'shop-peer-1', port: 7051 });

/** A channel whose orderers take what they are sent; `lots` is how each submission ends. */
function channelOf(lots: (Error | Change[])[] = []) {
  const blocks = [channelGenesis(spec())];
  const submitted: string[] = [];
  const orderer = (name: string, fault?: Error): OrdererClient => ({
    position: () => Promise.resolve({ height: blocks.length }),
    configBlock: () => (fault ? Promise.reject(fault) : Promise.resolve(blocks.at(-1)!)),
    nextConfigBlock: (_, after) => {
      const next = blocks[after + 1];
      return next ? Promise.resolve(next) : Promise.reject(new Unavailable('nothing comes'));
    },
    submitUpdate: () => {
      submitted.push(name);
      if (fault) return Promise.reject(fault);
      const lot = lots.shift() ?? [change];
      if (lot instanceof Error) return Promise.reject(lot);
      for (const one of lot) {
        const config = one(configOf(blocks.at(-1)!));
        blocks.push(configBlock(config, blocks.length));
      }
      return Promise.resolve();
    },
    close: () => undefined,
  });
  return { orderer, submitted, blocks };
}

const admins = [{ mspId: 'FarmMSP', ...(await farm.msp.issue({ name: 'admin', unit: 'admin' })) }];

const holds = (block: Uint8Array): boolean => {
  const config = configOf(block);
  return Buffer.from(change(config).serializeBinary()).equals(config.serializeBinary());
};

test('a change is submitted once, and its block is what comes of it', async (t) => {
  const { orderer, submitted } = channelOf();
  const access = { channel: 'goods', orderers: [orderer('a'), orderer('b')], admins };
  t.true(holds(await changeChannel(access, change)));
  t.true(holds(await changeChannel(access, change)));
  t.deepEqual(submitted, ['a']);
});

test('orderers that do not answer or do not know the channel are passed over', async (t) => {
  const { orderer, submitted } = channelOf();
  const orderers = [
    orderer('a', new Unavailable('away')),
    orderer('b', new NotFound('no channel')),
    orderer('c'),
  ];
  t.true(holds(await changeChannel({ channel: 'goods', orderers, admins }, change)));
  t.deepEqual(submitted, ['a', 'b', 'c']);
});

const table: [sentence: string, first: Error | Change[], submissions: number][] = [
  ['there is no leader yet', new Unavailable('no leader'), 2],
  ['another change was quicker', new Conflict('is currently at version 1'), 2],
  ['another change comes before it', [other, change], 1],
  ['another change comes in its place', [other], 2],
];
for (const [sentence, first, submissions] of table) {
  test(`${sentence}: it looks again`, async (t) => {
    const { orderer, submitted } = channelOf([first]);
    const access = { channel: 'goods', orderers: [orderer('a')], admins };
    t.true(holds(await changeChannel(access, change)));
    t.is(submitted.length, submissions);
  });
}

test('what is refused is not tried again', async (t) => {
  const { orderer, submitted } = channelOf([new Unprocessable('policy not satisfied')]);
  const access = { channel: 'goods', orderers: [orderer('a')], admins };
  await t.throwsAsync(changeChannel(access, change), { name: 'Unprocessable' });
  t.deepEqual(submitted, ['a']);
});
