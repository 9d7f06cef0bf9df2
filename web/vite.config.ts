import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // Relative addresses: served at the root by `dropsight up`, and from any folder of a bucket.
  base: "./",
  build: {
    // Built files are committed, so that `dropsight up` needs no Node (docs/decisions/0012).
    outDir: "../shared/dropsight/cli/page/static",
    emptyOutDir: true,
    license: { fileName: "licenses.md" },
    target: "es2022",
  },
  server: { proxy: { "^/(config.json$|(api|models|artifacts|v1)/)": "http://127.0.0.1:8080" } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
