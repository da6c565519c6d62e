/** How the console is built: hashed files, nothing inlined, so that the strictest CSP holds. */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { HtmlTagDescriptor, Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Cloudscape's styles carry their font as base64, 150 kB; ours is a file of its own (src/app/fonts.css). */
function withoutEmbeddedFonts(): Plugin {
  return {
    name: "without-embedded-fonts",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("@cloudscape-design/global-styles/") || !id.endsWith(".css")) return null;
      return { code: code.replaceAll(/@font-face\s*\{[^}]*\}/g, ""), map: null };
    },
  };
}

/** The piece that every screen needs: what starts the console, what that imports, and so on. */
const FIRST = "first";
const START = fileURLToPath(new URL("./src/app/start.tsx", import.meta.url));

interface Graph {
  getModuleInfo(id: string): { importers: readonly string[] } | null;
}

function isFirst(id: string, graph: Graph, seen = new Set<string>()): boolean {
  if (id === START) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return !!graph.getModuleInfo(id)?.importers.some((each) => isFirst(each, graph, seen));
}

const link = (rel: string, file: string): HtmlTagDescriptor => ({
  tag: "link",
  attrs: { rel, crossorigin: true, href: `/${file}` },
  injectTo: "head",
});

/** The document itself asks for the first piece, which its entry would ask for a round trip later. */
function withFirstPiece(): Plugin {
  return {
    name: "with-first-piece",
    transformIndexHtml: {
      order: "post",
      handler: (_, { bundle = {} }) => {
        const first = Object.values(bundle).find((each) => each.type === "chunk" && each.name === FIRST);
        if (first?.type !== "chunk") return [];
        const styles = [...(first.viteMetadata?.importedCss ?? [])];
        return [
          ...[first.fileName, ...first.imports].map((file) => link("modulepreload", file)),
          ...styles.map((file) => link("stylesheet", file)),
        ];
      },
    },
  };
}

export default defineConfig({
  plugins: [withoutEmbeddedFonts(), withFirstPiece(), react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2_000,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // Few pieces: a slow network costs more a request than a byte.
          groups: [
            { name: "entry", test: /preload-helper|src.main\.ts|src.app.screens.index/, priority: 3 },
            { name: (id, graph) => (isFirst(id, graph) ? FIRST : null), debugName: FIRST, priority: 2 },
            { name: "screens", minShareCount: 2, priority: 1 },
          ],
        },
      },
    },
  },
  test: {
    environment: "happy-dom",
    setupFiles: ["tests/setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    css: false,
    testTimeout: 30_000, // a busy machine takes seconds over a table of Cloudscape
    server: { deps: { inline: [/@cloudscape-design\//] } },
  },
});
