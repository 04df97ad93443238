import { createVerify, X509Certificate } from 'node:crypto';
import test from 'ava';
import { common } from '@hyperledger/fabric-protos';
import {
  draftOf,
  sign,
  signatories,
} from '../../../../../functions/lib/fabric/channel-update/draft.ts';
import { createSigner } from '../../../../../functions/lib/fabric/signer.ts';
import { farm, shop } from '../spec.ts';

const update = new common.ConfigUpdate();
update.setChannelId('goods');

const admin = async ({ mspId, msp }: typeof farm) => {
  const pair = await msp.issue({ name: 'admin', unit: 'admin' });
  return { ...pair, signer: createSigner({ mspId, ...pair }) };
};

test('an update collects signatures, one of each who signs', async (t) => {
  const [first, second] = [await admin(farm), await admin(shop)];
  let draft = draftOf(update);
  t.deepEqual(signatories(draft), []);
  for (const { signer } of [first, second, first]) draft = await sign(draft, signer);
  t.deepEqual(signatories(draft), ['ShopMSP', 'FarmMSP']);
});

test('what is signed is the header of the signature and the update', async (t) => {
  const { certificate, signer } = await admin(farm);
  const envelope = common.ConfigUpdateEnvelope.deserializeBinary(
    await sign(draftOf(update), signer),
  );
  const [signature] = envelope.getSignaturesList();
  const { publicKey } = new X509Certificate(certificate);
  const verify = createVerify('sha256')
    .update(signature!.getSignatureHeader_asU8())
    .update(envelope.getConfigUpdate_asU8());
  t.true(verify.verify(publicKey, signature!.getSignature_asU8()));
  t.deepEqual(envelope.getConfigUpdate_asU8(), update.serializeBinary());
});
