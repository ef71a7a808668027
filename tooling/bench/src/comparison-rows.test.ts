import { comparisonRows } from "./comparison-rows.ts";
import { formatTable } from "./format-table.ts";

const columns = [
  { head: "runs/s", value: (of: { runs: number }) => of.runs, places: 0 },
  { head: "busy", value: () => 0.5, places: 1, compared: false },
];

describe("a comparison", () => {
  it("shows each server and then what it makes of bare", () => {
    const rows = comparisonRows("32 × 20", { bare: { runs: 200 }, ours: { runs: 150 } }, columns);
    expect(formatTable(["cell", "server", "runs/s", "busy"], rows)).toBe(
      [
        "cell     server       runs/s  busy",
        "32 × 20  bare            200   0.5",
        "         ours            150   0.5",
        "         ours ÷ bare    0.75",
      ].join("\n"),
    );
  });

  it("says so when there is nothing to divide by", () => {
    const rows = comparisonRows("1", { bare: { runs: 0 }, ours: { runs: 1 } }, columns);
    expect(rows.at(-1)).toEqual(["", "ours ÷ bare", "n/a", ""]);
  });
});
