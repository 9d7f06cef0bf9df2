/** Vite lists the licences of the page's own bundle; this adds those of what workers bundle. */

import { appendFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const found = new Set<string>();

/** For `worker.plugins`: remembers the folders of the packages that a worker is made of. */
export const collectLicences = (): Plugin => ({
  name: "collect-licences",
  generateBundle(_options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      for (const id of chunk.moduleIds) {
        const folder = id.match(/^.*\/node_modules\/(@[^/]+\/)?[^/]+/)?.[0];
        if (folder) found.add(folder);
      }
    }
  },
});

/** For `plugins`: adds them to `file` once it has been written. */
export const appendLicences = (file: string): Plugin => ({
  name: "append-licences",
  closeBundle: {
    order: "post",
    sequential: true,
    handler() {
      const written = readFileSync(file, "utf-8");
      for (const folder of [...found].sort()) {
        const { name, version, license } = JSON.parse(
          readFileSync(join(folder, "package.json"), "utf-8"),
        ) as Record<string, string>;
        const heading = `## ${name} - ${version} (${license})`;
        if (written.includes(heading)) continue;
        const text = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
        const words = text ? readFileSync(join(folder, text), "utf-8").trim() : "";
        appendFileSync(file, `\n${heading}\n\n${words}\n`);
      }
    },
  },
});
