import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // Relative addresses: served at the root by `dropsight up`, and from any folder of a bucket.
  base: "./",
  build: { outDir: "dist", target: "es2022" },
  test: { environment: "jsdom", include: ["tests/**/*.test.{ts,tsx}"] },
});
