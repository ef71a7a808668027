// Bundles the server of the box, with all that it imports, to `dist/box`: the folder that images copy. Nothing is installed there.
// What the image of the browser has besides, Playwright's MCP server, cannot be bundled: `dist/browser` has it as it is.
import { cpSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "rolldown";

const server = "@playwright/mcp";

/** The folder of a package, as seen from another. */
function folderOf(name, from) {
  return dirname(realpathSync(createRequire(from).resolve(`${name}/package.json`)));
}

function copyBrowserServer() {
  rmSync("dist/browser", { recursive: true, force: true });
  const own = folderOf(server, import.meta.url);
  const playwright = folderOf("playwright", join(own, "package.json"));
  const core = folderOf("playwright-core", join(playwright, "package.json"));
  for (const [name, folder] of [
    [server, own],
    ["playwright", playwright],
    ["playwright-core", core],
  ]) {
    const target = join("dist/browser/node_modules", name);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(folder, target, { recursive: true, filter: (path) => !path.slice(folder.length).includes("node_modules") });
  }
}

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
      writeBundle: () => {
        writeFileSync("dist/box/package.json", '{ "type": "module" }\n');
        copyBrowserServer();
      },
    },
  ],
});
