// Extracts the texts of TypeScript: comments, JSX text, labels, and strings that are prose.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const ts = createRequire(new URL("../../frontend/package.json", import.meta.url))("typescript");

const PLACEHOLDER = "`x`";
const WORD = /^[("'“]?[A-Za-z]+(?:[-'’/][A-Za-z]+)*["')”]?[.,:;!?…]*$/;
const TEXT_PROPERTIES = new Set([
  "alt", "ariaLabel", "confirmLabel", "constraintText", "content", "counter", "description", "empty", "errorText", "header", "info",
  "label", "loadingText", "placeholder", "title",
]);

/** Returns whether a string reads as words rather than as an expression, a path or a class name. */
function isProse(text) {
  const words = text.split(/\s+/).filter(Boolean);
  const plain = words.filter((word) => WORD.test(word));
  return plain.length > 1 && plain.length >= 0.6 * words.filter((word) => word !== PLACEHOLDER).length;
}

/** Returns the texts of a file as `{ markdown, numbers }`: `numbers[i]` is the source line of line `i` of the document. */
export function document(path) {
  const source = readFileSync(path, "utf8");
  const kind = /x$/.test(path) ? ts.ScriptKind.TSX : /js$/.test(path) ? ts.ScriptKind.JS : ts.ScriptKind.TS;
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, kind);
  const lines = [];
  const numbers = [];
  for (const [text, position] of texts(file, source)) {
    const first = file.getLineAndCharacterOfPosition(position).line + 1;
    text.split("\n").forEach((line, index) => {
      lines.push(line.trim());
      numbers.push(first + index);
    });
    lines.push("");
    numbers.push(first);
  }
  return { markdown: lines.join("\n"), numbers };
}

function* texts(file, source) {
  yield* comments(file, source);
  const waiting = [file];
  while (waiting.length) {
    const node = waiting.pop();
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) continue;
    if (isElement(node) && node.children.some((child) => ts.isJsxText(child) && child.text.trim())) {
      yield [content(node), node.children.pos];
    }
    const text = string(node);
    if (text !== null && (isLabel(node) || isProse(text))) yield [text, node.getStart()];
    ts.forEachChild(node, (child) => void waiting.push(child));
  }
}

const isElement = (node) => ts.isJsxElement(node) || ts.isJsxFragment(node);

/** Returns the visible text of an element; a computed part becomes a placeholder with the same number of lines. */
function content(node) {
  if (ts.isJsxText(node)) return node.text;
  if (isElement(node)) return node.children.map(content).join("");
  if (ts.isJsxExpression(node) && node.expression && ts.isStringLiteral(node.expression)) return node.expression.text;
  return PLACEHOLDER + "\n".repeat(node.getText().split("\n").length - 1);
}

function string(node) {
  if (ts.isJsxAttribute(node.parent ?? node) && node.parent.name.getText() === "className") return null;
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map((span) => PLACEHOLDER + span.literal.text).join("");
  }
  return null;
}

function isLabel(node) {
  const owner = node.parent;
  const name = ts.isJsxAttribute(owner) || ts.isPropertyAssignment(owner) ? owner.name.getText() : "";
  return TEXT_PROPERTIES.has(name) && /^[A-Z]/.test(string(node));
}

/** Yields the comments; `//` comments on successive lines are one text. */
function* comments(file, source) {
  const ranges = new Map();
  const keep = (found) => (found ?? []).forEach((range) => ranges.set(range.pos, range));
  const visit = (node) => {
    if (ts.isJsxText(node)) return;
    if (!isElement(node.parent ?? file)) keep(ts.getLeadingCommentRanges(source, node.pos));
    if (!isElement(node.parent ?? file)) keep(ts.getTrailingCommentRanges(source, node.end));
    if (ts.isJsxExpression(node) && !node.expression) keep(ts.getLeadingCommentRanges(source, node.pos + 1));
    ts.forEachChild(node, visit);
  };
  visit(file);
  keep(ts.getLeadingCommentRanges(source, file.endOfFileToken.pos));
  let text = "";
  let start = 0;
  let end = -1;
  for (const range of [...ranges.values()].sort((a, b) => a.pos - b.pos)) {
    const words = source.slice(range.pos, range.end).replace(/^\/\*+|\*\/$|^\/\/+/g, "").replace(/^\s*\* ?/gm, "");
    const isNext = range.kind === ts.SyntaxKind.SingleLineCommentTrivia && end >= 0 && /^\n\s*$/.test(source.slice(end, range.pos));
    if (!isNext && text) yield [text, start];
    text = isNext ? `${text}\n${words}` : words;
    if (!isNext) start = range.pos;
    end = range.end;
  }
  if (text) yield [text, start];
}
