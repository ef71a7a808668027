// The load generator: a process of its own, so that it takes no time from the server. Works off the plans that the
// benchmark sends, one after the other, and ends when the benchmark is gone.
import { closedLoop } from "./closed-loop.ts";
import type { Connection } from "./connection.ts";
import { hold } from "./hold.ts";
import { paced } from "./paced.ts";
import type { LoadPlan, LoadReport } from "./plan.ts";

let held: readonly Connection[] = [];

const report = (said: LoadReport): void => {
  process.send?.(said);
};

async function perform(plan: LoadPlan): Promise<unknown> {
  switch (plan.kind) {
    case "closed-loop":
      return closedLoop(plan, report);
    case "paced":
      return paced(plan, report);
    case "hold":
      held = await hold(plan);
      return undefined;
    case "release":
      for (const connection of held) connection.close();
      held = [];
      return undefined;
  }
}

process.on("message", (plan) => {
  // Only the benchmark sends messages here.
  perform(plan as LoadPlan).then(
    (figures) => {
      report({ type: "done", figures });
    },
    (thrown: unknown) => {
      report({ type: "failed", message: thrown instanceof Error ? thrown.message : String(thrown) });
    },
  );
});
process.on("disconnect", () => {
  process.exit(0);
});
