/**
 * How much there may be in a policy. Cedar goes down into an expression by calling itself, and its stack is
 * small: one that is too deep ends it for good, for everybody whom the process serves. So what might be is
 * refused by a look at the text, before Cedar sees it.
 */

/** The most bytes of a policy, in UTF-8. */
export const policyLimit = 64 * 1024;

/** Brackets within brackets: a quarter of what was seen to be too deep. */
const mostNested = 32;

/** Operators in one statement, each of which may be a level: a fifth of what was seen to be too deep. */
const mostOperators = 200;

/**
 * What counts, and what hides it: a string, and a comment, which ends with its line. They are Cedar's own;
 * what is no whole string is taken for code, so that nothing is missed.
 */
const lexemes =
  /"(?:[^"\\]|\\.)*"|\/\/[^\n\r]*|&&|\|\||[=!<>]=|[-+*<>!.;()[\]{}]|\b(?:if|in|has|like|is)\b/g;

/** Why a text is more than is taken; undefined when it is not. */
export function excessOf(policy: string): string | undefined {
  if (Buffer.byteLength(policy) > policyLimit) return `it has more than ${policyLimit} bytes`;
  let [nested, operators] = [0, 0];
  for (const [lexeme] of policy.matchAll(lexemes)) {
    if (lexeme.startsWith('"') || lexeme.startsWith('//')) continue;
    if (lexeme === ';') operators = 0;
    else if (')]}'.includes(lexeme)) nested--;
    else operators++;
    if ('([{'.includes(lexeme)) nested++;
    if (nested > mostNested) return `brackets are nested more than ${mostNested} deep`;
    if (operators > mostOperators) return `one policy has more than ${mostOperators} operators`;
  }
  return undefined;
}
