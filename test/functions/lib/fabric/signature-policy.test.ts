import test from 'ava';
import { peer, type common } from '@hyperledger/fabric-protos';
import {
  endorsementPolicy,
  signaturePolicy,
} from '../../../../functions/lib/fabric/signature-policy.ts';

/** The rule with principals by their position: `2(0, 1)` is two of the first two. */
function ruleText(rule: common.SignaturePolicy): string {
  const gate = rule.getNOutOf();
  if (!gate) return String(rule.getSignedBy());
  return `${gate.getN()}(${gate.getRulesList().map(ruleText).join(', ')})`;
}

const texts: [text: string, rule: string][] = [
  ["OR('A.peer')", '1(0)'],
  ["OR('A.peer', 'B.peer')", '1(0, 1)'],
  ["AND('A.peer','B.admin')", '2(0, 1)'],
  ["OutOf(2, 'A.peer', 'B.peer', 'C.peer')", '2(0, 1, 2)'],
  ["and('A.member', or('B.client', 'Org-1.example.com.orderer'))", '2(0, 1(1, 2))'],
];
for (const [text, rule] of texts) {
  test(`${text} becomes ${rule}`, (t) => {
    const envelope = signaturePolicy(text);
    t.is(ruleText(envelope.getRule()!), rule);
    t.is(envelope.getIdentitiesList().length, text.split("'").length >> 1);
  });
}

const malformed: [text: string, why: RegExp][] = [
  ['', /found 'its end'/],
  ["OR('A.peer'", /',' or '\)' expected/],
  ["OR('A.peer') 'B.peer'", /text after its end/],
  ["OR('A.king')", /no principal/],
  ["XOR('A.peer')", /none of OR, AND, OutOf/],
  ["OutOf('A.peer')", /begins with a number/],
  ["OutOf(3, 'A.peer', 'B.peer')", /can never or always be met/],
  ["OutOf(0, 'A.peer')", /can never or always be met/],
  ["OR('A.peer'; 'B.peer')", /unexpected '; /],
];
for (const [text, why] of malformed) {
  test(`${JSON.stringify(text)} is refused`, (t) => {
    t.throws(() => signaturePolicy(text), { name: 'BadRequest', message: why });
  });
}

test('a path is a reference to a policy of the channel, and the default', (t) => {
  const reference = (bytes: Uint8Array) =>
    peer.ApplicationPolicy.deserializeBinary(bytes).getChannelConfigPolicyReference();
  t.is(reference(endorsementPolicy('/Channel/Application/Admins')), '/Channel/Application/Admins');
  t.is(reference(endorsementPolicy()), '/Channel/Application/Endorsement');
});
