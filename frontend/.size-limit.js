/** Size budgets of the build: the files that the page loads first, and each chunk that loads later. */

import { readdirSync, readFileSync } from "node:fs";

const page = readFileSync("dist/index.html", "utf8");
const filesIn = (pattern) => [...page.matchAll(pattern)].map(([, name]) => `dist/${name}`);
const initialScripts = filesIn(/(?:src|href)="\/(assets\/[^"]+\.js)"/g);
const initialStyles = filesIn(/href="\/(assets\/[^"]+\.css)"/g);
const laterChunks = readdirSync("dist/assets")
  .map((name) => `dist/assets/${name}`)
  .filter((name) => name.endsWith(".js") && !initialScripts.includes(name));

export default [
  { name: "initial JS", path: initialScripts, limit: "320 kB", brotli: true },
  { name: "initial CSS", path: initialStyles, limit: "70 kB", brotli: true },
  ...laterChunks.map((path) => ({ name: path.replace("dist/assets/", ""), path, limit: "80 kB", brotli: true })),
];
