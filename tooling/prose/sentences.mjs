// The words of a paragraph, heading or cell as a reader sees them, divided into sentences.

const ABBREVIATION = /(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|fig)|\b[A-Z])\.$/i;
const END = /[.!?…]["')\]”’]*\s+(?=["'“(\[]*[A-Z`0-9])/g;
const known = new WeakMap();

/** Returns `{ text, offsets }` for each sentence of a node; `offsets[i]` is where character `i` is in the source. */
export function sentencesOf(node) {
  if (!known.has(node)) known.set(node, divide(plain(node)));
  return known.get(node);
}

/** Code becomes `` `_` ``, and white space one space. */
function plain(node) {
  let text = "";
  const offsets = [];
  const add = (character, offset) => {
    const isSpace = /\s/.test(character);
    if (isSpace && (!text || text.endsWith(" "))) return;
    text += isSpace ? " " : character;
    offsets.push(offset);
  };
  const visit = (each) => {
    const start = each.range[0];
    if (each.type === "Str") aligned(each).forEach(([character, index]) => add(character, start + index));
    else if (each.type === "Code") [..."`_`"].forEach((character) => add(character, start));
    else if (each.type === "Break") add(" ", start);
    else if (each.type === "Image") [...(each.alt ?? "")].forEach((character) => add(character, start));
    else each.children?.forEach(visit);
  };
  node.children.forEach(visit);
  return { text, offsets };
}

/** Returns `[character, index in raw]` for each character; `raw` also has indentation and backslashes. */
function aligned({ value, raw }) {
  let index = 0;
  return value.split("").map((character) => {
    const found = raw.indexOf(character, index);
    const at = found < 0 ? index : found;
    index = Math.min(at + 1, raw.length - 1);
    return [character, at];
  });
}

function divide({ text, offsets }) {
  const sentences = [];
  let start = 0;
  const cut = (end) => sentences.push({ text: text.slice(start, end).trimEnd(), offsets: offsets.slice(start, end) });
  for (const found of text.matchAll(END)) {
    if (ABBREVIATION.test(text.slice(start, found.index + 1))) continue;
    cut(found.index + found[0].length);
    start = found.index + found[0].length;
  }
  if (start < text.length) cut(text.length);
  return sentences;
}
