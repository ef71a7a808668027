// The server inside of a box: `node main.js`. It is told how to be in the environment; see box-settings.ts.
import process from "node:process";
import { parseBoxStart } from "@agentscope-runtime/sandbox/box";
import { forwardEgress } from "./forward-egress.ts";
import { openBoxSandbox } from "./open-box-sandbox.ts";
import { serveBox } from "./serve-box.ts";

const start = parseBoxStart(process.env);
const opening = openBoxSandbox(start);
await forwardEgress(start.settings.egress);
await serveBox(opening, start.settings.listen);

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    void opening
      .then(async (sandbox) => sandbox.end({ reason: "exited", message: `The box was ended by ${signal}.` }))
      .finally(() => process.exit(0));
  });
}
