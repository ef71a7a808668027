import type { ServerName } from "./server-under-test.ts";

/** One figure of a server: its heading and how it is written. */
export interface Column<T> {
  readonly head: string;
  readonly value: (figures: T) => number;
  /** Decimal places. */
  readonly places: number;
  /** False where a ratio would say nothing. Default true. */
  readonly compared?: boolean;
}

/** The rows of one cell of a table: one for each server, then what each but `bare` makes of `bare`, as ratios. */
export function comparisonRows<T>(
  label: string,
  figures: Readonly<Partial<Record<ServerName, T>>>,
  columns: readonly Column<T>[],
): string[][] {
  const servers = Object.entries(figures) as [ServerName, T][]; // The keys of a record of servers.
  const { bare } = figures;
  const plain = servers.map(([name, of]) => [name, ...columns.map(({ value, places }) => written(value(of), places))]);
  const ratios = servers
    .filter(([name]) => bare !== undefined && name !== "bare")
    .map(([name, of]) => [
      `${name} ÷ bare`,
      ...columns.map(({ value, compared }) =>
        compared === false || bare === undefined ? "" : written(value(of) / value(bare), 2),
      ),
    ]);
  return [...plain, ...ratios].map((row, index) => [index === 0 ? label : "", ...row]);
}

function written(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : "n/a";
}
