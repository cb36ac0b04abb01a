import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const service = process.env["AUTOPACK_URL"] ?? "http://127.0.0.1:8000";
const api =
  "^/(runs|projects|plans|routing|health|openapi\\.json|docs|dashboard/(runs|models|usage|human-notes|events))";

// The development server stands where the service does: requests that change something have to come from
// the service's own page, so they are sent on as if they did.
const proxied = {
  target: service,
  changeOrigin: true,
  headers: { origin: service },
};

export default defineConfig({
  base: "/dashboard/",
  plugins: [react(), tailwindcss(), compressed()],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2023",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    assetsInlineLimit: 0,
  },
  server: { port: 5173, strictPort: true, proxy: { [api]: proxied } },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});

/** Writes each script and style once more, compressed, so that the service need not do it for each request. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir }) {
      const folder = join(dir ?? "", "assets");
      for (const name of readdirSync(folder).filter((one) => /\.(js|css|svg)$/.test(one))) {
        writeFileSync(join(folder, `${name}.gz`), gzipSync(readFileSync(join(folder, name)), { level: 9 }));
      }
    },
  };
}
