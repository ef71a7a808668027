import { RuntimeError } from "@agentscope-runtime/protocol";

/** The reason to abort a run with when it has used up what it may: it then ends `incomplete` with this budget's name. */
export function budgetSpent(budget: string): RuntimeError {
  return new RuntimeError("resource_exhausted", `The run has used up its budget: ${budget}.`, { details: { budget } });
}

export function spentBudgetOf(error: RuntimeError): string | undefined {
  const { budget } = error.details;
  return error.code === "resource_exhausted" && typeof budget === "string" ? budget : undefined;
}
