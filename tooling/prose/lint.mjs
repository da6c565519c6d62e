// Lints documents with textlint. Reads {documents, typescript, patterns, words} as JSON from standard input and writes
// what it finds as JSON: path, line, rule and message of each error.

import { readFileSync } from "node:fs";
import { TextlintKernel } from "@textlint/kernel";
import markdown from "@textlint/textlint-plugin-markdown";
import { longSentence, pattern, semicolons } from "./rules.mjs";
import { document } from "./typescript.mjs";

const input = JSON.parse(readFileSync(0, "utf8"));
const options = {
  ext: ".md",
  plugins: [{ pluginId: "markdown", plugin: markdown.default ?? markdown }],
  rules: [
    ...input.patterns.map((each, index) => ({ ruleId: `${each.name}#${index}`, rule: pattern, options: each })),
    { ruleId: "long-sentence", rule: longSentence, options: { words: input.words } },
    { ruleId: "semicolons", rule: semicolons },
  ],
};

const kernel = new TextlintKernel();
const errors = [];
const documents = [...input.documents, ...input.typescript.map((path) => ({ path, ...document(path) }))];
for (const { path, markdown: text, numbers } of documents) {
  const { messages } = await kernel.lintText(text, { ...options, filePath: path });
  for (const { ruleId, message, line } of messages) {
    errors.push({ path, line: numbers[line - 1], rule: ruleId.split("#")[0], message });
  }
}
process.stdout.write(JSON.stringify(errors));
