// The textlint rules. Each checks one sentence at a time, of paragraphs, headings and table cells.

import { sentencesOf } from "./sentences.mjs";

/** Makes a textlint rule. `start(options)` returns a check that yields `[from, to, message]` for each error. */
function sentenceRule(start) {
  return ({ Syntax, RuleError, locator, report }, options) => {
    const check = start(options);
    const visit = (node) => {
      for (const { text, offsets } of sentencesOf(node)) {
        for (const [from, to, message] of check(text, node.type)) {
          const range = [offsets[from] - node.range[0], offsets[to - 1] - node.range[0] + 1];
          report(node, new RuleError(message, { padding: locator.range(range) }));
        }
      }
    };
    return { [Syntax.Paragraph]: visit, [Syntax.Header]: visit, [Syntax.TableCell]: visit };
  };
}

/** An expression that no sentence may match; `only` limits it to some types of node, `cased` to its own case. */
export const pattern = sentenceRule(({ match, say, only, cased }) => {
  const expression = new RegExp(match, cased ? "gu" : "giu");
  return function* (sentence, type) {
    if (only && !only.includes(type)) return;
    if (cased && sentence === sentence.toLowerCase()) return;
    for (const found of sentence.matchAll(expression)) {
      const end = found.index + found[0].length;
      yield [found.index, end, `“${excerpt(sentence, found.index, end)}”: ${say}`];
    }
  };
});

export const longSentence = sentenceRule(({ words }) => {
  return function* (sentence) {
    const count = sentence.split(" ").filter((word) => /[\p{L}\p{N}`]/u.test(word)).length;
    if (count > words) yield [0, sentence.length, `${count} words: write sentences of at most ${words}`];
  };
});

export const semicolons = sentenceRule(() => {
  return function* (sentence) {
    const [, second] = sentence.matchAll(/;/g);
    if (second) yield [second.index, second.index + 1, "a second semicolon: write two sentences"];
  };
});

/** The words of an error with some of those around them. */
function excerpt(sentence, start, end) {
  const before = sentence.slice(0, start).split(" ").slice(-4).join(" ");
  const after = sentence.slice(end).split(" ").slice(0, 4).join(" ");
  return `${before}${sentence.slice(start, end)}${after}`.trim();
}
