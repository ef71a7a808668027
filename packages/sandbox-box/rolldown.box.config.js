// Bundles the server of the box, with all that it imports, to `dist/box`: the folder that images copy. Nothing is installed there.
import { writeFileSync } from "node:fs";
import { defineConfig } from "rolldown";

export default defineConfig({
  input: { main: "src/server/main.ts" },
  platform: "node",
  // Our own packages as they are, without a build.
  resolve: { conditionNames: ["@agentscope-runtime/source", "import", "node", "default"] },
  transform: { target: "node22.19" },
  // What is imported later is a file of its own, which most boxes never read.
  output: { dir: "dist/box", format: "esm", chunkFileNames: "[name].js", minify: "dce-only", cleanDir: true },
  plugins: [
    {
      name: "modules",
      writeBundle: () => writeFileSync("dist/box/package.json", '{ "type": "module" }\n'),
    },
  ],
});
