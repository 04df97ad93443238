import test from 'ava';
import { type Case, decideRemedy, type Remedy } from '../../../functions/provisioning/remedy.ts';

const lost = { consensus: 'raft', noted: true, listed: true, consenters: 3, following: 2 } as const;
const removed = { ...lost, listed: false, consenters: 2 };
const forgotten = { ...removed, noted: false };

const table: [sentence: string, found: Case, remedy: Remedy][] = [
  ['one of three is lost', lost, 'remove'],
  ['it is removed', removed, 'forget'],
  ['it is forgotten', forgotten, 'add'],
  ['it is added', { ...forgotten, listed: true, consenters: 3 }, 'join'],
  ['one of three is lost, another away', { ...lost, following: 1 }, 'none'],
  ['it is removed, another away', { ...removed, following: 1 }, 'forget'],
  ['it is forgotten, another away', { ...forgotten, following: 1 }, 'none'],
  ['the only one is lost', { ...lost, consenters: 1, following: 0 }, 'none'],
  ['two of five are lost', { ...lost, consenters: 5, following: 3 }, 'remove'],
  ['two of five are lost, one removed', { ...forgotten, consenters: 4, following: 3 }, 'add'],
  ['three of five are lost', { ...lost, consenters: 5, following: 2 }, 'none'],
  ['all the others of nine are there', { ...lost, consenters: 9, following: 8 }, 'remove'],
  ['a majority of nine is there', { ...lost, consenters: 9, following: 5 }, 'remove'],
  ['not a majority of nine is there', { ...lost, consenters: 9, following: 4 }, 'none'],
  ['one of BFT is lost', { ...lost, consensus: 'bft', consenters: 4, following: 3 }, 'none'],
  ['one of BFT has never joined', { ...lost, consensus: 'bft', noted: false }, 'join'],
];
for (const [sentence, found, remedy] of table) {
  test(`${sentence}: ${remedy}`, (t) => t.is(decideRemedy(found), remedy));
}
