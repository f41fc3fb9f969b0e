// @ts-check
// Bundles each widget's entry module into one file: `node build.mjs [FOLDER]`, by default ../static.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const ENTRIES = ["blind", "clipplayer", "compare", "explore", "scatter", "studio", "sweepbuilder"];
const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * Returns the hash of all that decides what the bundles hold. tests/panels/test_bundle.py computes it in the same way.
 */
function hashSources() {
  const hash = createHash("sha256");
  const names = readdirSync(HERE).filter((name) => name.endsWith(".js")).sort();
  for (const name of [...names, "build.mjs", "package-lock.json"]) {
    hash.update(`${name}\0`).update(readFileSync(join(HERE, name))).update("\0");
  }
  return hash.digest("hex");
}

await build({
  absWorkingDir: HERE,
  entryPoints: ENTRIES.map((name) => `${name}.js`),
  outdir: process.argv[2] ?? join(HERE, "..", "static"),
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  banner: { js: `// Built from mgeval/panels/js by make js; do not edit. Sources: sha256 ${hashSources()}` },
});
