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
  const add = (characters, offset, step) => {
    for (let index = 0; index < characters.length; index += 1) {
      const isSpace = /\s/.test(characters[index]);
      if (isSpace && (!text || text.endsWith(" "))) continue;
      text += isSpace ? " " : characters[index];
      offsets.push(offset + index * step);
    }
  };
  const visit = (each) => {
    if (each.type === "Str") add(each.value, each.range[0], each.value.length === each.raw.length ? 1 : 0);
    else if (each.type === "Code") add("`_`", each.range[0], 0);
    else if (each.type === "Break") add(" ", each.range[0], 0);
    else if (each.type === "Image") add(each.alt ?? "", each.range[0], 0);
    else each.children?.forEach(visit);
  };
  node.children.forEach(visit);
  return { text, offsets };
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
