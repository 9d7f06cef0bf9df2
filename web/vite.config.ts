import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { appendLicences, collectLicences } from "./workerLicences";

// Built files are committed, so that `dropsight up` needs no Node (docs/decisions/0012).
const BUILT = "../shared/dropsight/cli/page/static";

export default defineConfig({
  plugins: [react(), appendLicences(`${BUILT}/licenses.md`)],
  worker: { format: "es", plugins: () => [collectLicences()] },
  // Relative addresses: served at the root by `dropsight up`, and from any folder of a bucket.
  base: "./",
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    license: { fileName: "licenses.md" },
    target: "es2022",
  },
  server: { proxy: { "^/(config.json$|(api|models|artifacts|v1)/)": "http://127.0.0.1:8080" } },
  test: { environment: "node", include: ["tests/**/*.test.ts"] },
});
