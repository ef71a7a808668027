import { isTerminalStatus, runStatusSchema, terminalStatusSchema } from "./run-status.ts";

describe("isTerminalStatus", () => {
  it("is true of the five states that a run ends in, and of nothing else", () => {
    expect(runStatusSchema.options.filter(isTerminalStatus)).toEqual([
      "completed",
      "failed",
      "canceled",
      "incomplete",
      "rejected",
    ]);
    expect(terminalStatusSchema.options.every(isTerminalStatus)).toBe(true);
    expect(isTerminalStatus(null)).toBe(false);
  });
});
