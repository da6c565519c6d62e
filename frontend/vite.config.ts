/** The build of the console: hashed files without inlined content, so that the strictest CSP holds. */

import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { HtmlTagDescriptor, Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Removes the base64 fonts of Cloudscape's styles (150 kB). The font is a separate file, see src/app/app.css. */
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

/** The chunk that every screen needs: src/app/start.tsx and its static imports. */
const SHARED_CHUNK = "shared";
const START = fileURLToPath(new URL("./src/app/start.tsx", import.meta.url));

interface ModuleGraph {
  getModuleInfo(id: string): { importers: readonly string[] } | null;
}

function isShared(id: string, graph: ModuleGraph, visited = new Set<string>()): boolean {
  if (id === START) return true;
  if (visited.has(id)) return false;
  visited.add(id);
  return !!graph.getModuleInfo(id)?.importers.some((importer) => isShared(importer, graph, visited));
}

const link = (rel: string, file: string): HtmlTagDescriptor => ({
  tag: "link",
  attrs: { rel, crossorigin: true, href: `/${file}` },
  injectTo: "head",
});

/** Adds preload links for the shared chunk to the document, which saves a round trip. */
function withPreloadedSharedChunk(): Plugin {
  return {
    name: "with-preloaded-shared-chunk",
    transformIndexHtml: {
      order: "post",
      handler: (_, { bundle = {} }) => {
        const chunk = Object.values(bundle).find((each) => each.type === "chunk" && each.name === SHARED_CHUNK);
        if (chunk?.type !== "chunk") return [];
        const styles = [...(chunk.viteMetadata?.importedCss ?? [])];
        return [
          ...[chunk.fileName, ...chunk.imports].map((file) => link("modulepreload", file)),
          ...styles.map((file) => link("stylesheet", file)),
        ];
      },
    },
  };
}

export default defineConfig({
  plugins: [withoutEmbeddedFonts(), withPreloadedSharedChunk(), react()],
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
          // On a slow network the number of requests costs more than their size.
          groups: [
            { name: "entry", test: /preload-helper|src.main\.ts|src.app.screens.index/, priority: 3 },
            { name: (id, graph) => (isShared(id, graph) ? SHARED_CHUNK : null), debugName: SHARED_CHUNK, priority: 2 },
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
    testTimeout: 30_000, // on a busy machine, rendering a Cloudscape table takes seconds
    server: { deps: { inline: [/@cloudscape-design\//] } },
  },
});
