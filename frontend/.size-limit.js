/** Budgets of the build: what the page asks for at once, and each piece that comes later. */

import { readdirSync, readFileSync } from "node:fs";

const page = readFileSync("dist/index.html", "utf8");
const named = (pattern) => [...page.matchAll(pattern)].map(([, name]) => `dist/${name}`);
const first = named(/(?:src|href)="\/(assets\/[^"]+\.js)"/g);
const styles = named(/href="\/(assets\/[^"]+\.css)"/g);
const later = readdirSync("dist/assets")
  .map((name) => `dist/assets/${name}`)
  .filter((name) => name.endsWith(".js") && !first.includes(name));

export default [
  { name: "initial JS", path: first, limit: "320 kB", brotli: true },
  { name: "initial CSS", path: styles, limit: "70 kB", brotli: true },
  ...later.map((path) => ({ name: path.replace("dist/assets/", ""), path, limit: "80 kB", brotli: true })),
];
